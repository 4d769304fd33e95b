"""The answer by DuckDB. `documented` reads records with named columns, `fastest` extracts paths from whole objects.

For other variants see benches/README.md, "The other tools' queries".
"""

import duckdb

from answer import Run

COLUMNS = """STRUCT(
    eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR, eventType VARCHAR, errorCode VARCHAR,
    userIdentity STRUCT(type VARCHAR, arn VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))))[]"""

PATHS = """[
    '/eventTime', '/eventSource', '/eventName', '/awsRegion', '/eventType', '/errorCode', '/userIdentity/type',
    '/userIdentity/arn', '/userIdentity/sessionContext/sessionIssuer/arn']"""

RECORDS = {
    "documented": """
        SELECT
            r.eventTime AS time, r.eventSource AS source, r.eventName AS name, r.awsRegion AS region, r.eventType AS type,
            r.errorCode AS error, r.userIdentity.type AS identity, r.userIdentity.arn AS own,
            r.userIdentity.sessionContext.sessionIssuer.arn AS issuer
        FROM (
            SELECT unnest(Records) AS r
            FROM read_json('{folder}/**/*.json.gz', columns = {{Records: '{columns}'}}, maximum_object_size = 33554432))""",
    "fastest": """
        SELECT
            r[1] AS time, r[2] AS source, r[3] AS name, r[4] AS region, r[5] AS type, r[6] AS error, r[7] AS identity,
            r[8] AS own, r[9] AS issuer
        FROM (
            SELECT unnest(list_transform(CAST(json -> 'Records' AS JSON[]), lambda r: json_extract_string(r, {paths}))) AS r
            FROM read_json_objects(
                '{folder}/**/*.json.gz', format = 'newline_delimited', compression = 'gzip',
                maximum_object_size = 33554432))""",
}

QUERY = """
SELECT
    CASE identity WHEN 'IAMUser' THEN own ELSE issuer END AS principal,
    source, name, region,
    max(time) AS last,
    count(*) AS attempts,
    count(*) FILTER (
        contains(error, 'AccessDenied') OR contains(error, 'Unauthorized') OR contains(error, 'NotAuthorized')
        OR contains(error, 'AuthorizationError')) AS denied
FROM ({records})
WHERE type IN ('AwsApiCall', 'AwsConsoleAction') AND identity IN ('IAMUser', 'AssumedRole')
GROUP BY ALL
"""


def main():
    run = Run()
    connection = duckdb.connect()
    connection.execute(f"SET threads = {run.threads}; SET preserve_insertion_order = false; LOAD json")
    run.start()
    records = RECORDS[run.form].format(folder=run.folder, columns=COLUMNS, paths=PATHS)
    run.done(connection.execute(QUERY.format(records=records)).fetchall())


if __name__ == "__main__":
    main()
