"""Runs a query written for Athena or CloudTrail Lake in DuckDB, translated by sqlglot:
run_trino_on_duckdb.py QUERY-FILE athena|lake TABLE GLOB

The table is as AWS documents it: in Athena all names are in lower case and eventtime is text, in Lake
eventTime is a timestamp. Prints a JSON list of rows; times are UTC milliseconds.
"""

import json
import sys

import duckdb
import sqlglot
from sqlglot import exp

path, layout, table, objects = sys.argv[1:]
identity = dict.fromkeys(["type", "principalId", "arn", "accountId", "userName"], "VARCHAR")
events = ["eventTime", "eventSource", "eventName", "awsRegion", "eventID", "eventType", "eventCategory", "errorCode"]
record = {
    "userIdentity": {**identity, "sessionContext": {"sessionIssuer": identity}},
    **dict.fromkeys(events, "VARCHAR"),
}
connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
time = "eventTime"
if layout == "lake":
    # Milliseconds, and null for what is no time.
    shape = r"([0-9-]{10}[T ][0-9:]{8}(?:[.][0-9]{1,3})?)[0-9]*(Z|[+-][0-9:]{5})?"
    time = f"""TRY_CAST(CASE WHEN regexp_full_match(eventTime, '{shape}')
        THEN regexp_replace(eventTime, '{shape}', '\\1\\2') END AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"""
# The tables hold no insights: CloudTrail delivers them elsewhere.
connection.execute(
    f"""CREATE TABLE {table} AS
    SELECT * REPLACE ({time} AS eventTime)
    FROM (
        SELECT unnest(record) FROM (
            SELECT json_transform(text, '{json.dumps(record)}') AS record
            FROM (SELECT unnest(Records) AS text FROM read_json(?, columns = {{Records: 'JSON[]'}}))
        )
    )
    WHERE eventCategory IS DISTINCT FROM 'Insight'""",
    [objects],
)


def translated(node):
    """What sqlglot leaves as it is, although DuckDB has it under another name or not at all."""
    if isinstance(node, exp.Length) and isinstance(node.this, exp.Encode):
        return exp.Anonymous(this="strlen", expressions=[node.this.this])
    return node


with open(path, encoding="utf-8") as file:
    tree = sqlglot.parse_one(file.read(), read="athena" if layout == "athena" else "trino")
sql = tree.transform(translated).sql(dialect="duckdb")
relation = connection.sql(sql)
columns = [
    f'epoch_ms("{name}") AS "{name}"' if "TIMESTAMP" in str(kind) else f'"{name}"'
    for name, kind in zip(relation.columns, relation.types)
]
rows = relation.project(", ".join(columns))
print(json.dumps([dict(zip(rows.columns, row)) for row in rows.fetchall()], default=str))
