"""The answer by Python's json and gzip, with one process per thread."""

import glob
import gzip
import json
import multiprocessing

from answer import Run, own_peak_kib

DENIALS = ("AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError")


def principal(identity):
    """The ARN of the user or role, or None."""
    kind = identity.get("type")
    if kind == "IAMUser":
        return identity["arn"]
    if kind == "AssumedRole":
        return identity["sessionContext"]["sessionIssuer"]["arn"]
    return None


def read(files):
    """Returns the table of some objects, and the peak memory."""
    table = {}
    for file in files:
        with gzip.open(file) as stream:
            records = json.load(stream)["Records"]
        for record in records:
            if record["eventType"] not in ("AwsApiCall", "AwsConsoleAction"):
                continue
            arn = principal(record["userIdentity"])
            if arn is None:
                continue
            add(
                table,
                (arn, record["eventSource"], record["eventName"], record["awsRegion"]),
                record["eventTime"],
                1,
                any(part in record.get("errorCode", "") for part in DENIALS),
            )
    return table, own_peak_kib()


def add(table, key, last, attempts, denied):
    row = table.get(key)
    if row is None:
        table[key] = [last, attempts, int(denied)]
        return
    row[0] = max(row[0], last)
    row[1] += attempts
    row[2] += denied


def main():
    run = Run()
    run.start()
    files = glob.glob(f"{run.folder}/**/*.json.gz", recursive=True)
    parts = 8 * run.threads
    table, worker = {}, 0
    with multiprocessing.get_context("fork").Pool(run.threads) as pool:
        for part, peak_kib in pool.imap_unordered(read, [files[part::parts] for part in range(parts)]):
            worker = max(worker, peak_kib or 0)
            for key, row in part.items():
                add(table, key, *row)
    peak_kib = own_peak_kib()
    # Workers do not tell which of them they are: assume that all are as large as the largest.
    run.done([(*key, *row) for key, row in table.items()], peak_kib and peak_kib + run.threads * worker)


if __name__ == "__main__":
    main()
