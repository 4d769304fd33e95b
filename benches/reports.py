"""Compares the Python package to the Rust library: all reports on 10,000 identities as one Arrow table.

    python benches/reports.py PROGRAM [--rounds N] [--identities N]

PROGRAM is target/release/reports, built by `cargo build --release -p benches --features reports`. The interpreter must have a release
build of the package (`cargo xtask wheel`). PROGRAM generates the account and the activity, and then makes reports in its own process
on request. The library's reports, the library's table, and `Advisor.reports()` in this process are made in turn after a warm-up, on
all processors, and dropped. The median counts. Both tables must have the same number of rows.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from access_advisor import AccountData, Activity, Advisor

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)


class Library:
    """The Rust library, in a process that reads the same files."""

    def __init__(self, program, folder):
        command = [program, "time", folder, "--now", f"{NOW:%FT%TZ}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def make(self, what, level):
        """Returns the seconds, and the number of services or rows."""
        self.process.stdin.write(f"{what} {level}\n")
        self.process.stdin.flush()
        seconds, count = self.process.stdout.readline().split()
        return float(seconds), int(count)


def make(advisor, level):
    """Returns the seconds of the package, and the number of rows."""
    start = time.perf_counter()
    table = advisor.reports(level)
    rows = len(table)
    del table
    return time.perf_counter() - start, rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=25)
    arguments.add_argument("--identities", type=int, default=10_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate = [options.program, "generate", folder, "--identities", str(options.identities)]
        subprocess.run(generate, check=True)
        account = AccountData.load(Path(folder, "account.json"))
        activity = Activity.from_parquet(Path(folder, "activity.parquet"))
        advisor = Advisor(account, activity, now=NOW)
        library = Library(options.program, folder)
        for level in ("service", "action"):
            compare(library, advisor, level, options.rounds)
        library.process.stdin.close()
        library.process.wait()


def compare(library, advisor, level, rounds):
    sides = {
        "library, reports": lambda: library.make("reports", level),
        "library, table": lambda: library.make("table", level),
        "package, table": lambda: make(advisor, level),
    }
    times = {side: [] for side in sides}
    for round_number in range(rounds + 1):
        counts = {}
        for side, run in sides.items():
            seconds, counts[side] = run()
            if round_number > 0:
                times[side].append(seconds)
        rows = counts["package, table"]
        if rows != counts["library, table"] or not rows > counts["library, reports"] > 0:
            sys.exit(f"the tables differ: {counts}")
    print(f"{level} level: {rows} rows")
    reports = times["library, reports"]
    for side, seconds in times.items():
        middle, least = statistics.median(seconds), min(seconds)
        spread = f"{middle * 1e3:6.1f} ms ({least * 1e3:.1f} .. {max(seconds) * 1e3:.1f})"
        ratios = f"{middle / statistics.median(reports):.2f} x the library's reports (least: {least / min(reports):.2f})"
        print(f"  {side:16}  {spread:28}  {ratios}")


if __name__ == "__main__":
    main()
