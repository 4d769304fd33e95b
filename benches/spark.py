"""Compares Spark on two workers with one core each to one process with two threads, on the same trail with the same package.

    python benches/spark.py TRAIL [--times N] [--rounds N]

TRAIL is a folder of objects, such as one that `cargo xtask bench-ingest` generates in target/bench-ingest/trails. The interpreter
must have a release build of the package (`cargo xtask wheel`) and the packages of requirements.txt. Java is required. Both run in
turn after a warm-up, and the median counts. The tables must be equal row by row. `--times N` reads the same folder N times, which
shows how much of Spark's overhead remains on a larger trail.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyspark

WORKERS = 2

# The program of the single process. It prints its time without start-up, and the number of records.
ONE_PROCESS = """
import sys, time
from access_advisor import Activity
start = time.perf_counter()
activity = Activity.from_trail(sys.argv[3:], threads=int(sys.argv[1]))
print(time.perf_counter() - start, activity.reconciliation.records_read)
activity.to_parquet(sys.argv[2])
"""


def one_process(paths, answer):
    """Seconds inside, seconds of the whole process, records."""
    start = time.perf_counter()
    command = [sys.executable, "-c", ONE_PROCESS, str(WORKERS), str(answer), *paths]
    inside, records = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(inside), time.perf_counter() - start, int(records)


def session(home):
    """Starts a cluster of a master, two workers, and two executors, each in its own process."""
    from pyspark.sql import SparkSession

    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    os.environ |= {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(home / "local"),
        "spark.log.level": "OFF",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "10min",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(WORKERS),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local-cluster[{WORKERS},1,1024]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def by_spark(spark, paths, read):
    """Seconds until the objects are read, seconds until the merged table is in the driver, and the table."""
    from access_advisor import spark as advisor_spark

    start = time.perf_counter()
    with advisor_spark.activity(spark, paths, read=read) as made:
        reading = time.perf_counter() - start
        table = made.activity.toArrow()
        return reading, time.perf_counter() - start, table


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("trail", type=Path)
    arguments.add_argument("--times", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments = arguments.parse_args()
    paths = [str(arguments.trail)] * arguments.times

    from access_advisor import Activity

    seconds = {"one process": [], "by path": [], "by binaryFile": []}
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "activity.parquet"
        whole = [one_process(paths, answer)[1]]
        home = Path(folder) / "spark"
        home.mkdir()
        start = time.perf_counter()
        spark = session(home)
        first = {}
        for name, read in (("by path", "path"), ("by binaryFile", "binary")):
            by_spark(spark, paths, read)
            first[name] = time.perf_counter() - start
        for _ in range(arguments.rounds):
            inside, outside, records = one_process(paths, answer)
            seconds["one process"].append(inside)
            whole.append(outside)
            expected = Activity.from_parquet(answer)
            for name, read in (("by path", "path"), ("by binaryFile", "binary")):
                reading, all_of_it, table = by_spark(spark, paths, read)
                seconds[name].append(all_of_it)
                print(f"{name}: read after {reading:.2f} s, merged in the driver after {all_of_it:.2f} s", file=sys.stderr)
                if Activity.from_arrow(table) != expected or table.num_rows != len(expected):
                    sys.exit(f"{name}: the table differs from the table of the single process")
        spark.stop()

    base, whole = statistics.median(seconds["one process"]), statistics.median(whole)
    print(f"{records} records, {len(expected)} rows, equal in every run")
    print(f"one process, {WORKERS} threads: {base:.2f} s, {records / base:,.0f} records/s; with start-up {whole:.2f} s")
    for name in ("by path", "by binaryFile"):
        median = statistics.median(seconds[name])
        print(f"Spark {name}: {median:.2f} s, {records / median:,.0f} records/s, {base / median:.2f} relative to one process")
    started = first["by path"]
    print(f"Spark by path, with the cluster's start-up: {started:.1f} s, {whole / started:.3f} relative to one process")


main()
