//! Activity, reports, findings and permissions as Arrow record batches.
//!
//! The columns of every table carry their version in the schema metadata ([`SCHEMA_KEY`], [`SCHEMA_VERSION`]).

#[doc(inline)]
pub use advisor_arrow::{
    ActivityBatches, Expansion, Fault, FindingBatches, PermissionBatches, ReadError, ReportBatches,
    SCHEMA_KEY, SCHEMA_VERSION, activity_batches, activity_from_batches, activity_schema,
    all_report_batches, finding_batches, finding_schema, is_activity_schema, permission_batches,
    permission_schema, report_batches, report_schema, rows_in_order,
};
/// Record batches in this crate's interface are of this version of Arrow.
pub use arrow_array;
/// Schemas in this crate's interface are of this version of Arrow.
pub use arrow_schema;
/// Parquet readers and errors in this crate's interface are of this version.
pub use parquet;
