//! The columns of the activity table.

use crate::dialect::Dialect;

/// Selects the columns of the table from rows that have its keys. `operation` names the columns that say what was called.
pub(crate) fn select(sql: Dialect, operation: &str, rows: &str) -> String {
    let millis = |text: &str| format!("CAST(substr({text}, 1, 13) AS BIGINT)");
    format!(
        "
SELECT
  account AS account_id,
  principal_id,
  substr(seen_as, 14) AS principal_arn,
  {arn_seen} AS principal_arn_seen,
  {operation},
  aws_region,
  {last} AS last_accessed,
  substr(last_event, 14) AS last_event_id,
  CAST(attempts AS BIGINT) AS attempts,
  CAST(denied_attempts AS BIGINT) AS denied_attempts,
  {first} AS first_accessed,
  array_sort(days) AS days
FROM {rows}
",
        arn_seen = sql.time(&millis("seen_as")),
        last = sql.time(&millis("last_event")),
        first = sql.time("first_millis"),
    )
}
