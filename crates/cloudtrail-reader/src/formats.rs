//! The formats in which records come. Each turns an inflated object into [entries](entry::Entry), of which every one is, or
//! should be, a record; activity files hold rows of the activity table instead.

pub(crate) mod activity_file;
pub(crate) mod cells;
pub(crate) mod columns;
pub(crate) mod csv;
pub(crate) mod detection;
pub(crate) mod engine_time;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod identity_text;
pub(crate) mod json;
pub(crate) mod ocsf;
pub(crate) mod parquet;
pub(crate) mod utf16;
pub(crate) mod utf8;
pub(crate) mod values;
