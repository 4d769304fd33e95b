//! One CloudTrail record: its fields, and the rules that turn it into an attempt.

pub(crate) mod attribution;
pub(crate) mod checks;
pub(crate) mod coverage;
pub(crate) mod event;
pub(crate) mod event_types;
pub(crate) mod identity;
pub(crate) mod log_file;
