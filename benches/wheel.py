"""Compares the Python package to the command line: same trail, same number of threads, same activity file.

    python benches/wheel.py TRAIL PROGRAM [--rounds N]

TRAIL is a folder of objects, such as one that `cargo xtask bench-ingest` generates in target/bench-ingest/trails. PROGRAM is a
release build of `access-advisor`. The interpreter must have a release build of the package (`cargo xtask wheel`). Whole
processes run in turn after a warm-up, and the median counts. The files that they write must be equal byte for byte.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = 2

PACKAGE = """
import sys
from access_advisor import Activity
Activity.from_trail(sys.argv[1], threads=int(sys.argv[2])).to_parquet(sys.argv[3])
"""


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("trail")
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    times = {"package": [], "command line": []}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, f"{index}.parquet") for index, name in enumerate(times)}
        commands = {
            "package": [sys.executable, "-c", PACKAGE, options.trail, str(THREADS), str(files["package"])],
            "command line": [
                *[options.program, "activity", "export", options.trail],
                *["--threads", str(THREADS), "--output", str(files["command line"])],
            ],
        }
        for round_number in range(options.rounds + 1):
            for name, command in commands.items():
                seconds = timed(command)
                if round_number > 0:
                    times[name].append(seconds)
            if len({file.read_bytes() for file in files.values()}) != 1:
                sys.exit("the files differ")
            for file in files.values():
                file.unlink()
    for name, seconds in times.items():
        print(f"{name:12}  {statistics.median(seconds):.3f} s ({min(seconds):.3f} .. {max(seconds):.3f})")
    ratios = [package / line for package, line in zip(times["package"], times["command line"])]
    print(f"package / command line: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
