#!/usr/bin/env python3
"""Writes the records of the test trail as tables, with several programs: `python3 testdata/shapes/make.py`.

Needs duckdb, pandas, polars, pyarrow and pyspark; the committed files were written with 2.0.0, 3.1.1, 2.1.0, 26.0.1 and 4.3.0.
The tests read these files and need none of the programs.
"""

import gzip
import json
import pathlib
import shutil
import tempfile

HERE = pathlib.Path(__file__).parent
TRAIL = HERE.parent / "trail"
FIELDS = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "errorCode",
    "errorMessage",
    "eventID",
    "readOnly",
    "eventType",
    "eventCategory",
    "recipientAccountId",
]


def without_empty(value):
    """Removes members that are empty objects, because Parquet has no type for them."""
    if isinstance(value, dict):
        members = {name: without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member != {}}
    return value


def values(text):
    """Yields the JSON values of a file."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:]


def records():
    """The records of the test trail, with the fields that the tables have."""
    for path in sorted(path for path in TRAIL.rglob("*") if path.is_file()):
        data = path.read_bytes()
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()
        for value in values(text):
            if "Events" in value:
                found = [json.loads(event["CloudTrailEvent"]) for event in value["Events"]]
            elif "digestStartTime" in value:
                found = []
            else:
                found = value.get("Records", [value])
            for record in found:
                if record.get("eventCategory") != "Insight":
                    yield {name: without_empty(record.get(name)) for name in FIELDS}


def identities(names):
    """Athena's struct type for userIdentity, in SQL."""
    issuer = "STRUCT<type:STRING,principalid:STRING,arn:STRING,accountid:STRING,username:STRING>"
    attributes = "STRUCT<mfaauthenticated:STRING,creationdate:STRING>"
    context = f"STRUCT<attributes:{attributes},sessionissuer:{issuer}>"
    return "STRUCT<" + ",".join(f"{name}:STRING" for name in names) + f",sessioncontext:{context}>"


def main():
    import duckdb
    import pandas
    import polars
    import pyarrow.json
    import pyarrow.parquet
    from pyspark.sql import SparkSession

    rows = list(records())
    assert len(rows) == 385, len(rows)
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "records.json"
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows))

        # Structs and times with the types that the program infers.
        pyarrow.parquet.write_table(pyarrow.json.read_json(lines), HERE / "pyarrow.parquet", compression="snappy")
        duckdb.sql(
            f"COPY (SELECT * FROM read_json('{lines}', format='newline_delimited'))"
            f" TO '{HERE / 'duckdb.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )
        polars.read_ndjson(lines, infer_schema_length=None).write_parquet(
            HERE / "polars.parquet", compression="lz4"
        )
        # One column per value, with dots in the names.
        flat = pandas.json_normalize(rows)
        flat.to_csv(HERE / "pandas.csv.gz", index=False, compression={"method": "gzip", "mtime": 1})
        flat.to_parquet(HERE / "pandas.parquet", compression="gzip")
        # Athena's table: lower-case names, and timestamps as Spark writes them for older readers.
        spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
        others = [name.lower() for name in FIELDS if name not in ("userIdentity", "readOnly")]
        schema = ", ".join(f"{name} STRING" for name in others) + ", useridentity " + identities(
            ["type", "principalid", "arn", "accountid", "invokedby", "accesskeyid", "username"]
        )
        lower = pathlib.Path(folder) / "lower.json"
        lower.write_text("".join(json.dumps(lower_case(row)) + "\n" for row in rows))
        table = spark.read.schema(schema).json(str(lower))
        table = table.withColumn("eventtime", table.eventtime.cast("timestamp"))
        table.coalesce(1).write.parquet(f"{folder}/spark", compression="gzip")
        [part] = pathlib.Path(f"{folder}/spark").glob("*.parquet")
        shutil.copy(part, HERE / "spark.parquet")


def lower_case(value):
    if isinstance(value, dict):
        return {name.lower(): lower_case(member) for name, member in value.items()}
    return value


if __name__ == "__main__":
    main()
