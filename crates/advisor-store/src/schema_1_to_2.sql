-- Upgrades a store from version 1, which knew only the name and size of imported objects.

ALTER TABLE trail_objects RENAME TO trail_objects_1;

CREATE TABLE trail_objects (
    name     TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    is_gzip  INTEGER NOT NULL,
    modified INTEGER,
    etag     TEXT,
    checksum INTEGER
) STRICT, WITHOUT ROWID;

-- Names that CloudTrail gave lose their .gz. Of an object that was imported compressed and uncompressed, one row stays.
INSERT OR IGNORE INTO trail_objects (name, size, is_gzip)
SELECT iif(name GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_CloudTrail*.gz',
           substr(name, 1, length(name) - 3), name),
       size, name GLOB '*.gz'
FROM trail_objects_1;

DROP TABLE trail_objects_1;
