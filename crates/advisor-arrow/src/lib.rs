#![doc = include_str!("../README.md")]

mod action_names;
mod activity_reading;
mod activity_table;
mod batch_size;
mod column;
mod dictionary;
mod expansion;
mod finding_table;
mod panics;
mod parquet_file;
mod permission_table;
mod read_error;
mod report_columns;
mod report_schema;
mod report_table;
mod rows_digest;
mod schema;

pub use activity_reading::{
    activity_from_batches, is_activity_schema, read_activity, read_activity_rows,
    read_each_activity_row,
};
pub use activity_table::{
    ActivityBatches, COVERAGE_KEY, activity_batches, activity_schema, rows_in_order, write_activity,
};
pub use expansion::{Expansion, TextLimit, check_counts};
pub use finding_table::{
    FindingBatches, UNKNOWN_EVENT_SOURCES_KEY, finding_batches, finding_schema, write_findings,
};
pub use panics::{catch_panics, is_catching_panics};
pub use parquet_file::{ParquetBatches, ParquetTable, is_within, with_text_views};
pub use permission_table::{PermissionBatches, permission_batches, permission_schema};
pub use read_error::{Fault, ReadError};
pub use report_schema::report_schema;
pub use report_table::{
    CATALOG_KEY, REPORT_COVERAGE_KEY, ReportBatches, all_report_batches, report_batches,
    write_reports,
};
pub use schema::{SCHEMA_KEY, SCHEMA_VERSION};
