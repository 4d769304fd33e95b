//! Activity, reports and findings as Parquet files, for `DuckDB`, Spark, Polars, Athena and others.

#[doc(inline)]
pub use advisor_arrow::{
    CATALOG_KEY, REPORT_COVERAGE_KEY, UNKNOWN_EVENT_SOURCES_KEY, read_activity, write_activity,
    write_findings, write_reports,
};
