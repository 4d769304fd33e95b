//! Reads CloudTrail objects into an access-advisor activity table.
