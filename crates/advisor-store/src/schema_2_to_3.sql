-- Upgrades a store from version 2, which did not know the days of activity and what its trails covered.

ALTER TABLE activity ADD COLUMN days TEXT NOT NULL DEFAULT '[]';
ALTER TABLE activity ADD COLUMN days_complete INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_before ADD COLUMN days TEXT;
ALTER TABLE activity_before ADD COLUMN days_complete INTEGER;
UPDATE activity_before SET days = '[]', days_complete = 0 WHERE last IS NOT NULL;

CREATE TABLE coverage (
    version  INTEGER PRIMARY KEY,
    coverage TEXT NOT NULL
) STRICT;

INSERT INTO coverage (version, coverage)
SELECT 0, '{"HasUnknownSources": true}' WHERE EXISTS (SELECT 1 FROM activity);
