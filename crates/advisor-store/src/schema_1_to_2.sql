-- Makes a store of version 1 one of version 2: of the objects taken, no more was known than name and size.

ALTER TABLE trail_objects RENAME TO trail_objects_1;

CREATE TABLE trail_objects (
    name     TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    is_gzip  INTEGER NOT NULL,
    modified INTEGER,
    etag     TEXT,
    checksum INTEGER
) STRICT, WITHOUT ROWID;

-- CloudTrail's names lose their .gz; where an object was taken compressed and uncompressed, one of them stays.
INSERT OR IGNORE INTO trail_objects (name, size, is_gzip)
SELECT iif(name GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_CloudTrail*.gz',
           substr(name, 1, length(name) - 3), name),
       size, name GLOB '*.gz'
FROM trail_objects_1;

DROP TABLE trail_objects_1;
