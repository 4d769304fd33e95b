"""The answer by ClickHouse (chdb). Each object is one row, of which only the named fields are parsed.

This is the fastest variant that was found; see benches/README.md, "The other tools' queries".
"""

import csv
import io

import chdb

from answer import Run

RECORD = """Tuple(
    eventTime String, eventSource String, eventName String, awsRegion String, eventType String, errorCode String,
    userIdentity Tuple(type String, arn String, sessionContext Tuple(sessionIssuer Tuple(arn String))))"""

QUERY = """
SELECT
    if(r.userIdentity.type = 'IAMUser', r.userIdentity.arn, r.userIdentity.sessionContext.sessionIssuer.arn) AS principal,
    r.eventSource AS source,
    r.eventName AS name,
    r.awsRegion AS region,
    max(r.eventTime) AS last,
    count() AS attempts,
    countIf(multiSearchAny(r.errorCode, ['AccessDenied', 'Unauthorized', 'NotAuthorized', 'AuthorizationError'])) AS denied
FROM (
    SELECT arrayJoin(Records) AS r
    FROM file('{folder}/**/*.json.gz', 'JSONEachRow', 'Records Array({record})')
)
WHERE r.eventType IN ('AwsApiCall', 'AwsConsoleAction') AND r.userIdentity.type IN ('IAMUser', 'AssumedRole')
GROUP BY principal, source, name, region
SETTINGS max_threads = {threads}
"""


def main():
    run = Run()
    chdb.query("SELECT 1")
    run.start()
    text = chdb.query(QUERY.format(record=RECORD, folder=run.folder, threads=run.threads), "CSV").bytes().decode()
    run.done(list(csv.reader(io.StringIO(text))))


if __name__ == "__main__":
    main()
