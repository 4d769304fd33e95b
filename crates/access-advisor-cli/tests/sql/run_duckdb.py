"""Runs queries of `access-advisor activity sql` in DuckDB: run_duckdb.py QUERY-FILE...

Prints a JSON list of rows for each, one a line; times are UTC milliseconds.
"""

import json
import sys

import duckdb

for path in sys.argv[1:]:
    connection = duckdb.connect()
    # What a time means must not hang on where the session is.
    connection.execute("SET TimeZone = 'Asia/Kolkata'")
    with open(path, encoding="utf-8") as file:
        relation = connection.sql(file.read())
    columns = [
        f'epoch_ms("{name}") AS "{name}"' if "TIMESTAMP" in str(kind) else f'"{name}"'
        for name, kind in zip(relation.columns, relation.types)
    ]
    rows = relation.project(", ".join(columns))
    print(json.dumps([dict(zip(rows.columns, row)) for row in rows.fetchall()], default=str))
