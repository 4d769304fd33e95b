"""Runs queries of `access-advisor activity sql` in Spark SQL: run_spark.py QUERY-FILE...

Prints a JSON list of rows for each, one a line; times are UTC milliseconds.
"""

import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, unix_millis
from pyspark.sql.types import TimestampType

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.shuffle.partitions", "2")
    # What a time means must not hang on where the session is.
    .config("spark.sql.session.timeZone", "Asia/Kolkata")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        frame = spark.sql(file.read())
    columns = [
        unix_millis(col(field.name)).alias(field.name)
        if isinstance(field.dataType, TimestampType)
        else col(field.name)
        for field in frame.schema.fields
    ]
    print(json.dumps([row.asDict() for row in frame.select(*columns).collect()], default=str))
spark.stop()
