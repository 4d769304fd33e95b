"""Reads an activity file and a report file with the engines that people have, and writes the activity
back as each of them does by itself and when asked for something else.

    rewrite.py ACTIVITY REPORT FOLDER

Prints what DuckDB takes the columns for.
"""

import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

activity, report, folder = sys.argv[1:]

# DuckDB: in another order; sums, which it writes as floats; a time without a zone.
duckdb.sql("SET TimeZone = 'America/New_York'")
duckdb.sql(f"CREATE VIEW activity AS SELECT * FROM '{activity}'")
for table, path in ("activity", activity), ("report", report):
    for column, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall():
        print(table, column, kind)
duckdb.sql(f"COPY (FROM activity ORDER BY hash(last_event_id)) TO '{folder}/duckdb.parquet'")
duckdb.sql(
    f"""COPY (
        SELECT * REPLACE (attempts::HUGEINT AS attempts, denied_attempts::UTINYINT AS denied_attempts,
            last_accessed::TIMESTAMP_NS AS last_accessed)
        FROM (SELECT * REPLACE (last_accessed AT TIME ZONE 'UTC' AS last_accessed) FROM activity))
    TO '{folder}/duckdb-types.parquet' (CODEC gzip)"""
)

# pyarrow: as it is; small row groups, dictionaries, plain timestamps; INT96 as old Spark and Hive.
table = pq.read_table(activity)
pq.write_table(table, f"{folder}/pyarrow.parquet", row_group_size=7)


def plain(column):
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"))
    if pa.types.is_string(column.type):
        return pc.dictionary_encode(column)
    if pa.types.is_list(column.type):
        return column.cast(pa.large_list(pa.timestamp("us", "Asia/Kolkata")))
    if pa.types.is_boolean(column.type):
        return column
    return column.cast(pa.uint64())


changed = pa.table({name: plain(table[name]) for name in reversed(table.column_names)})
pq.write_table(changed, f"{folder}/pyarrow-types.parquet", compression="gzip")
pq.write_table(table, f"{folder}/pyarrow-int96.parquet", use_deprecated_int96_timestamps=True)
large = pa.schema([f.with_type(pa.large_string()) if f.type == pa.string() else f for f in table.schema])
pq.write_table(table.cast(large), f"{folder}/pyarrow-large.parquet", compression="none")

# Polars: as it is; categories.
frame = polars.read_parquet(activity)
frame.reverse().write_parquet(f"{folder}/polars.parquet")
frame.with_columns(polars.col("aws_region", "service_namespace").cast(polars.Categorical)).lazy().sink_parquet(
    f"{folder}/polars-categories.parquet", compression="snappy"
)

# All three count the same rows of the report.
count = duckdb.sql(f"SELECT count(*) FILTER (granted AND last_accessed IS NULL) FROM '{report}'").fetchall()[0][0]
reports = polars.read_parquet(report)
assert reports.filter(polars.col("granted") & polars.col("last_accessed").is_null()).height == count
reports = pq.read_table(report)
assert pc.sum(pc.and_(reports["granted"], pc.is_null(reports["last_accessed"]))).as_py() == count
assert count > 100
