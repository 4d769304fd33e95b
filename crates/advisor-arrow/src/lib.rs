#![doc = include_str!("../README.md")]

mod action_names;
mod activity_reading;
mod activity_table;
mod batch_size;
mod column;
mod dictionary;
mod instant;
mod panics;
mod parquet_file;
mod permission_table;
mod read_error;
mod report_columns;
mod report_table;

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

pub use activity_reading::{
    activity_from_batches, is_activity_schema, read_activity, read_activity_rows,
    read_each_activity_row,
};
pub use activity_table::{
    ActivityBatches, activity_batches, activity_schema, rows_in_order, write_activity,
};
pub use panics::{catch_panics, is_catching_panics};
pub use parquet_file::{ParquetBatches, ParquetTable, is_within, with_text_views};
pub use permission_table::{PermissionBatches, permission_batches, permission_schema};
pub use read_error::{Fault, ReadError};
pub use report_table::{all_report_batches, report_batches, report_schema, write_reports};

/// The key in a table's schema metadata, and in a Parquet file's key-value metadata, whose value is
/// the version of the table's columns: [`SCHEMA_VERSION`].
pub const SCHEMA_KEY: &str = "access_advisor.schema";

/// The version of the columns that this crate writes and reads.
pub const SCHEMA_VERSION: &str = "1";

/// A schema that says its version.
fn versioned(fields: Vec<Field>) -> SchemaRef {
    let version = (SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_owned());
    Arc::new(Schema::new_with_metadata(fields, [version].into()))
}
