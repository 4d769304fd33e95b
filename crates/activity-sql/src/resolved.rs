//! From events to actions: [`Catalog::resolve_event`] in SQL.

use service_catalog::Catalog;

use crate::dialect::{Dialect, domains};
use crate::error::QueryError;
use crate::{known_events, table};

/// Selects the table from `used`, with the actions of the catalog.
pub(crate) fn select(sql: Dialect, catalog: &Catalog) -> Result<String, QueryError> {
    // A version at the end of an event name: 20150331, 20150331v2 or 2020_05_31.
    let revision = r"v[0-9]+\z";
    let unversioned = sql.extract(
        &format!("regexp_replace(event_name, {}, '')", sql.literal(revision)),
        r"^((?s:.+))(?:20[0-9]{6}|20[0-9]{2}_[0-9]{2}_[0-9]{2})\z",
        1,
    );
    let source = sql.extract(
        &Dialect::folded("event_source"),
        &format!(r"^(.*){}\z", domains()),
        1,
    );
    let body = format!(
        ",
-- The X of the event sources X.amazonaws.com; the service they are of; the event names known there, with
-- the action where it is called otherwise, and with its service where that is another.
catalog (sources, namespace, names) AS (VALUES
{rows}
),
sources AS (
  SELECT {each_source} AS source, namespace, names FROM catalog
),
entries AS (
  SELECT source, namespace, {each_name} AS entry FROM sources
),
meanings AS (
  SELECT
source,
{event} AS event,
namespace,
coalesce(nullif(split_part(entry, '=', 2), ''), entry) AS meaning
  FROM entries
),
known AS (
  SELECT
source,
event,
CASE WHEN meaning LIKE '%:%' THEN split_part(meaning, ':', 1) ELSE namespace END AS namespace,
CASE WHEN meaning LIKE '%:%' THEN split_part(meaning, ':', 2) ELSE meaning END AS action
  FROM meanings
),
named AS (
  SELECT
*,
{source} AS source,
{whole} AS whole_name,
{unversioned} AS unversioned_name
  FROM used
),
resolved AS (
  SELECT
named.*,
coalesce(whole.namespace, unversioned.namespace, sources.namespace,
  nullif(split_part(event_source, '.', 1), ''), event_source) AS service_namespace,
coalesce(whole.action, unversioned.action) AS action
  FROM named
  LEFT JOIN known AS whole ON whole.source = named.source AND whole.event = named.whole_name
  LEFT JOIN known AS unversioned
ON unversioned.source = named.source AND unversioned.event = named.unversioned_name
  LEFT JOIN sources ON sources.source = named.source
),
actions AS (
  SELECT
account,
principal_id,
seen_as,
service_namespace,
action,
CASE WHEN action IS NULL THEN event_name END AS event_name,
aws_region,
max(last_event) AS last_event,
sum(attempts) AS attempts,
sum(denied_attempts) AS denied_attempts,
min(first_millis) AS first_millis,
{days} AS days
  FROM resolved
  GROUP BY account, principal_id, seen_as, service_namespace, action,
CASE WHEN action IS NULL THEN event_name END, aws_region
)",
        rows = known_events::rows(catalog, sql)?,
        each_source = sql.rows("split(sources, ' ')"),
        each_name = sql.rows("split(names, ' ')"),
        event = Dialect::folded("split_part(entry, '=', 1)"),
        whole = Dialect::folded("event_name"),
        unversioned = Dialect::folded(&unversioned),
        days = sql.union("days"),
    );
    Ok(body
        + &table::select(
            sql,
            "service_namespace,\n  action AS action_name,\n  event_name",
            "actions",
        ))
}
