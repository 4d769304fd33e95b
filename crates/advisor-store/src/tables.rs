//! The tables of a store; `schema.sql` says what is in them.

use crate::table::Table;

/// Names and values; also the sums of the other tables' checksums.
pub(crate) static META: Table = Table::new("meta", &["name", "value"], 1);

pub(crate) static EXPORTS: Table = Table::new("exports", &["id", "name", "length", "deflated"], 1);

pub(crate) static PICTURES: Table = Table::new(
    "pictures",
    &["account", "generation", "position", "export", "imported"],
    3,
);

pub(crate) static PRINCIPALS: Table = Table::new(
    "principals",
    &["id", "key", "has_unique_id", "arn", "arn_seen", "account"],
    1,
);

pub(crate) static NAMES: Table = Table::new("names", &["id", "text"], 1);

pub(crate) static ACTIVITY: Table = Table::new(
    "activity",
    &[
        "principal",
        "service",
        "operation",
        "is_action",
        "region",
        "last",
        "last_event_id",
        "first",
        "attempts",
        "denied",
        "days",
        "days_complete",
    ],
    5,
);

pub(crate) static ACTIVITY_BEFORE: Table = Table::new(
    "activity_before",
    &[
        "principal",
        "service",
        "operation",
        "is_action",
        "region",
        "version",
        "last",
        "last_event_id",
        "first",
        "attempts",
        "denied",
        "days",
        "days_complete",
    ],
    6,
);

pub(crate) static COVERAGE: Table = Table::new("coverage", &["version", "coverage"], 1);

pub(crate) static TRAIL_OBJECTS: Table = Table::new(
    "trail_objects",
    &["name", "size", "is_gzip", "modified", "etag", "checksum"],
    1,
);

pub(crate) static JOBS: Table = Table::new(
    "jobs",
    &[
        "id",
        "owner",
        "account",
        "arn",
        "granularity",
        "created",
        "status",
        "completed",
        "error_code",
        "error_message",
        "generation",
        "activity_version",
        "services",
        "bytes",
        "not_evaluated",
        "undecided",
    ],
    1,
)
.indexed();

pub(crate) static REPORTS: Table = Table::new(
    "reports",
    &[
        "job",
        "services_length",
        "services",
        "entities_length",
        "entities",
        "not_evaluated",
    ],
    1,
);

/// All tables but [`META`].
pub(crate) static SUMMED: [&Table; 10] = [
    &EXPORTS,
    &PICTURES,
    &PRINCIPALS,
    &NAMES,
    &ACTIVITY,
    &ACTIVITY_BEFORE,
    &COVERAGE,
    &TRAIL_OBJECTS,
    &JOBS,
    &REPORTS,
];
