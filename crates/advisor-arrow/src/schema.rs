//! What the schemas of all tables have in common: their version, and the type of timestamps.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The key of [`SCHEMA_VERSION`] in a table's schema metadata and in a Parquet file's key-value
/// metadata.
pub const SCHEMA_KEY: &str = "access_advisor.schema";

/// The version of the columns that this crate writes and reads.
pub const SCHEMA_VERSION: &str = "1";

/// The time zone of timestamps.
pub(crate) const UTC: &str = "UTC";

/// The type of timestamp columns: UTC milliseconds.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into()))
}

/// A schema with its version in the metadata.
pub(crate) fn versioned(fields: Vec<Field>) -> SchemaRef {
    let version = (SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_owned());
    Arc::new(Schema::new_with_metadata(fields, [version].into()))
}
