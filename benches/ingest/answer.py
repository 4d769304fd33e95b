"""What the engines in Python share: their command line, the file with the answer, and the measurements that they print."""

import json
import re
import sys
import time


class Run:
    """One run: `SCRIPT VARIANT FOLDER THREADS ANSWER`."""

    def __init__(self):
        self.form, self.folder, threads, self.answer = sys.argv[1:]
        self.threads = int(threads)
        self.started = 0.0

    def start(self):
        """Starts the clock. The engine is loaded by then."""
        self.started = time.perf_counter()

    def done(self, rows, peak_kib=None):
        """Stops the clock and writes rows of ARN, event source, event name, Region, last time, attempts, denied attempts."""
        seconds = time.perf_counter() - self.started
        peak_kib = peak_kib or own_peak_kib()
        with open(self.answer, "w", encoding="utf-8") as file:
            for row in rows:
                file.write("\t".join(map(str, row)) + "\n")
        print(json.dumps({"seconds": seconds, "rows": len(rows), "peak_kib": peak_kib}))


def own_peak_kib():
    """The peak of this process's resident memory, if the operating system tells it."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
    except OSError:
        return None
