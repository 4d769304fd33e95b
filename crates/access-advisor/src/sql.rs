//! SQL that makes the activity table where the logs already are: Athena, `CloudTrail` Lake, Spark SQL, `DuckDB`.

#[doc(inline)]
pub use activity_sql::{ActivityQuery, Dialect, QueryError, Records};
