-- Schema version 4. Times are UTC milliseconds unless stated otherwise.
--
-- Each row has a checksum over the name of its table and its values. The sums of these checksums are in meta, so that a missing
-- row shows too.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL,
    row_checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Exports, compressed with zlib. An export with several accounts is split into one part per account.
CREATE TABLE exports (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    length   INTEGER NOT NULL,
    deflated BLOB NOT NULL,
    row_checksum INTEGER NOT NULL
) STRICT;

-- Which exports make up the snapshot of an account. The greatest generation is the latest snapshot;
-- earlier ones stay while a job that needs them is in progress. The table keeps the name that it got in version 1.
CREATE TABLE pictures (
    account    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    export     INTEGER NOT NULL REFERENCES exports (id),
    imported   INTEGER NOT NULL,
    row_checksum INTEGER NOT NULL,
    PRIMARY KEY (account, generation, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX pictures_by_export ON pictures (export);

CREATE TABLE principals (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE,
    has_unique_id INTEGER NOT NULL,
    arn           TEXT,
    arn_seen      INTEGER,
    account       TEXT,
    row_checksum  INTEGER NOT NULL
) STRICT;

-- Service, operation and Region names.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE,
    row_checksum INTEGER NOT NULL
) STRICT;

-- Principals and names are ids of these two tables. They are not declared as references, which SQLite would look up for each
-- row: loading checks them.
CREATE TABLE activity (
    principal     INTEGER NOT NULL,
    service       INTEGER NOT NULL,
    operation     INTEGER NOT NULL,
    -- 0: an event without an action; 1: an action; 2: an action that the record of another call shows to be exercised;
    -- 3: an action that another call may have exercised.
    is_action     INTEGER NOT NULL,
    region        INTEGER NOT NULL,
    last          INTEGER NOT NULL,
    last_event_id TEXT NOT NULL,
    first         INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    denied        INTEGER NOT NULL,
    -- The UTC days with attempts: a JSON list of dates and of ISO 8601 intervals.
    days          TEXT NOT NULL,
    -- Whether all of them are known.
    days_complete INTEGER NOT NULL,
    row_checksum  INTEGER NOT NULL,
    PRIMARY KEY (principal, service, operation, is_action, region)
) STRICT, WITHOUT ROWID;

-- Rows of activity as they were up to a version, kept when a later batch changes them while a job that
-- was requested before is in progress. Nulls: there was no row.
CREATE TABLE activity_before (
    principal     INTEGER NOT NULL,
    service       INTEGER NOT NULL,
    operation     INTEGER NOT NULL,
    is_action     INTEGER NOT NULL,
    region        INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    last          INTEGER,
    last_event_id TEXT,
    first         INTEGER,
    attempts      INTEGER,
    denied        INTEGER,
    days          TEXT,
    days_complete INTEGER,
    row_checksum  INTEGER NOT NULL,
    PRIMARY KEY (principal, service, operation, is_action, region, version)
) STRICT, WITHOUT ROWID;

-- What the imported trails cover, as JSON: one row per batch, under the version of the activity that it made. Rows that no job
-- in progress tells apart are merged from time to time.
CREATE TABLE coverage (
    version  INTEGER PRIMARY KEY,
    coverage TEXT NOT NULL,
    row_checksum INTEGER NOT NULL
) STRICT;

-- Objects whose records are in the activity. Version 2 added columns about their content.
CREATE TABLE trail_objects (
    -- The name that CloudTrail gave it, without .gz, or else its path.
    name     TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    is_gzip  INTEGER NOT NULL,
    -- When the file was last modified, in nanoseconds since 1970.
    modified INTEGER,
    -- The entity tag of an object in S3.
    etag     TEXT,
    -- CRC-32 and length of a file, decompressed.
    checksum INTEGER,
    row_checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id               TEXT PRIMARY KEY,
    owner            TEXT NOT NULL,
    account          TEXT NOT NULL,
    arn              TEXT NOT NULL,
    granularity      TEXT NOT NULL,
    created          INTEGER NOT NULL,
    status           TEXT NOT NULL,
    completed        INTEGER,
    error_code       TEXT,
    error_message    TEXT,
    generation       INTEGER NOT NULL,
    activity_version INTEGER NOT NULL,
    -- The number of rows of the report.
    services         INTEGER NOT NULL,
    -- The size of the report in this file.
    bytes            INTEGER NOT NULL,
    -- How many policies and groups the report does not take into account.
    not_evaluated    INTEGER NOT NULL,
    -- How many actions are in the report only because its work budget ended.
    undecided        INTEGER NOT NULL,
    row_checksum     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_in_progress ON jobs (id) WHERE status = 'IN_PROGRESS';

-- The reports of completed jobs, compressed with zlib. Services: a line for each row, of the namespace, a space and the row as
-- JSON. Entities: JSON. What was not evaluated: JSON, as it is.
CREATE TABLE reports (
    job             TEXT PRIMARY KEY,
    services_length INTEGER NOT NULL,
    services        BLOB NOT NULL,
    entities_length INTEGER NOT NULL,
    entities        BLOB NOT NULL,
    not_evaluated   TEXT NOT NULL,
    row_checksum    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
