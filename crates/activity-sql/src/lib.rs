//! The query that makes the activity table where the logs already are: in Athena, `CloudTrail` Lake,
//! Spark SQL or `DuckDB`.
//!
//! It does in SQL what [`TrailReader`](cloudtrail_reader::TrailReader) does: the rules of `attribution.rs`, of
//! [`Catalog::resolve_event`] and of [`Activity`](advisor_core::Activity)'s merging stand in it line
//! by line, and the tests hold the rows to be the same. The logs are scanned once; only the groups,
//! as many as the table has rows, are looked at again.

mod dialect;
mod known_events;
mod layout;

use chrono::{DateTime, TimeDelta, Utc};
use cloudtrail_reader::attribution::{
    API_CALL_TYPES, ARN_PREFIX, DENIAL_MARKERS, FIRST_MILLIS, LAST_MILLIS, LONGEST_ARN,
    LONGEST_NAME, LONGEST_REGION, ROLE_ID_PREFIX, UNIQUE_ID_LENGTHS, USER_ID_PREFIX,
    identity_types,
};
use service_catalog::Catalog;

pub use dialect::Dialect;
pub use layout::Records;

/// Why there is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The engine reads tables only.
    #[error("{0} reads a table, not objects by their paths")]
    NoObjects(Dialect),
    /// What should be the name of a table is none.
    #[error("{0:?} is no name of a table")]
    TableName(String),
    /// The catalog has a name that cannot stand in a query.
    #[error("the catalog's name {0:?} cannot stand in a query")]
    CatalogName(String),
    /// The engine would refuse the query.
    #[error(
        "{dialect} takes queries of {limit} bytes, and this one has {length}: leave the catalog out of it"
    )]
    TooLong {
        /// The engine.
        dialect: Dialect,
        /// The query's length in bytes.
        length: usize,
        /// The most bytes that the engine takes.
        limit: usize,
    },
}

/// A query that makes the activity table.
///
/// With a catalog its columns are those of the table: `account_id`, `principal_id`, `principal_arn`,
/// `principal_arn_seen`, `service_namespace`, `action_name`, `event_name`, `aws_region`, `last_accessed`,
/// `last_event_id`, `attempts`, `denied_attempts`, `first_accessed`. Without one, the events are not
/// resolved: in the place of `service_namespace`, `action_name` and `event_name` stand `event_source` and
/// `event_name` as `CloudTrail` has them, for [`Catalog::resolve_event`] to be asked when the rows
/// are taken in.
#[derive(Clone, Debug)]
pub struct ActivityQuery<'a> {
    /// The engine.
    pub dialect: Dialect,
    /// Where it finds the records.
    pub records: Records,
    /// What tells the actions. Half a megabyte of query for the one built in: too much for Athena
    /// and `CloudTrail` Lake.
    pub catalog: Option<&'a Catalog>,
    /// Leave out what is older than this.
    pub since: Option<DateTime<Utc>>,
    /// Leave out what is newer than this.
    pub until: Option<DateTime<Utc>>,
}

impl ActivityQuery<'_> {
    /// The query's text.
    ///
    /// # Errors
    /// [`QueryError`], where the engine has no such query.
    pub fn to_sql(&self) -> Result<String, QueryError> {
        let mut sql = self.heading();
        sql += &self.attempts()?;
        match self.catalog {
            Some(catalog) => sql += &self.resolved(catalog)?,
            None => sql += &self.table("event_source,\n  event_name", "used"),
        }
        match self.dialect.longest_query() {
            Some(limit) if sql.len() > limit => Err(QueryError::TooLong {
                dialect: self.dialect,
                length: sql.len(),
                limit,
            }),
            _ => Ok(sql),
        }
    }

    /// What the query is and expects, as a comment.
    fn heading(&self) -> String {
        let events = match self.catalog {
            Some(catalog) => format!(
                "Actions are those of AWS's service reference of {}.",
                catalog.sources().service_reference
            ),
            None => "Events are not resolved to actions here: access-advisor does it as it takes the rows in."
                .to_owned(),
        };
        let records = match (self.dialect, &self.records) {
            (Dialect::Athena, _) => {
                "Reads a table as Athena's documentation creates it for CloudTrail logs. All of it is\n\
                 -- scanned, once: add to its FROM a WHERE with the partitions that you want."
            }
            (Dialect::CloudTrailLake, _) => {
                "Reads an event data store of CloudTrail events, named by its id. The store is scanned once, as\n\
                 -- far as the bounds of eventTime reach."
            }
            (_, Records::Table(_)) => {
                "Reads a table or view with one record a row, its columns named as in the record:\n\
                 -- userIdentity (a struct), eventTime (text), eventSource, eventName, awsRegion, eventID,\n\
                 -- eventType, errorCode."
            }
            (Dialect::Spark, Records::Objects(_)) => {
                "Reads CloudTrail objects as delivered to S3: {\"Records\": [...]} on one line, gzip or plain."
            }
            (Dialect::DuckDb, Records::Objects(_)) => {
                "Reads CloudTrail objects as delivered to S3: {\"Records\": [...]}, gzip or plain."
            }
        };
        format!(
            "-- Who attempted what, where, when last: access-advisor's activity table, for {}.\n\
             -- {records}\n\
             -- {events}\n\
             -- Counted are API calls by IAM users and roles. Left out, as access-advisor does, are sign-ins and\n\
             -- events of services, callers that are no IAM identity, and records that are malformed; but a field\n\
             -- of another type than CloudTrail's is here what the engine makes of it. Times are UTC.\n",
            self.dialect
        )
    }

    /// From records to `used`: one row per principal, event source, event name and Region.
    fn attempts(&self) -> Result<String, QueryError> {
        let sql = self.dialect;
        let records = layout::select(sql, &self.records)?;
        let lake_bounds = self.lake_bounds();
        let name = |text: &str| {
            format!(
                "{} BETWEEN 1 AND {LONGEST_NAME} AND NOT {}",
                sql.bytes(text),
                sql.matches(text, r"\p{Cc}")
            )
        };
        let unique_id_pattern = unique_id_pattern();
        let unique_id = |text| sql.extract(text, &unique_id_pattern, 1);
        let arn = |text| {
            format!(
                "CASE WHEN {text} LIKE '{ARN_PREFIX}%' AND {} <= {LONGEST_ARN} THEN {text} END",
                sql.bytes(text)
            )
        };
        let account = |text| {
            format!(
                "CASE WHEN {} BETWEEN 1 AND {LONGEST_NAME} THEN {text} END",
                sql.bytes(text)
            )
        };
        let user_by_name = |account, name| {
            format!(
                "CASE WHEN {} BETWEEN 1 AND {LONGEST_NAME} AND {} BETWEEN 1 AND {LONGEST_NAME}\n        \
                 THEN 'arn:aws:iam::' || {account} || ':user/' || {name} END",
                sql.bytes(account),
                sql.bytes(name)
            )
        };
        let role_of_session = format!(
            "CASE WHEN {} AND {} <= {LONGEST_ARN}\n        \
             THEN 'arn:' || split_part(user_arn, ':', 2) || ':iam::' || split_part(user_arn, ':', 5) || ':role/'\n          \
             || {} END",
            sql.matches("user_arn", "^arn:[^:]*:sts::[^:]*:assumed-role/[^/]"),
            sql.bytes("user_arn"),
            sql.extract("user_arn", ":assumed-role/([^/]+)", 1)
        );
        let since = self.since.map_or(FIRST_MILLIS, |since| {
            ceiling_millis(since).max(FIRST_MILLIS)
        });
        let until = self.until.map_or(LAST_MILLIS, |until| {
            until.timestamp_millis().min(LAST_MILLIS)
        });
        use identity_types::{ASSUMED_ROLE, FEDERATED_USER, OTHER_ACCOUNT, ROLE, ROOT, USER};
        Ok(format!(
            "WITH records AS (
{records}{lake_bounds}
),
-- API calls, and what the console does in their stead, of users and roles.
calls AS (
  SELECT
    *,
    {user_unique_id} AS user_unique_id,
    {issuer_unique_id} AS issuer_unique_id
  FROM records
  WHERE coalesce(event_type, '{api_call}') IN ({api_call_types})
    AND (
      user_type IN ('{USER}', '{ASSUMED_ROLE}', '{ROLE}', '{OTHER_ACCOUNT}')
      OR (user_type = '{FEDERATED_USER}' AND coalesce(issuer_type, '') <> '{ROOT}')
    )
    AND {source_is_sound}
    AND {name_is_sound}
    AND {region_length} BETWEEN 1 AND {LONGEST_REGION} AND NOT {region_is_odd}
    AND coalesce({event_id_length}, 0) <= {LONGEST_NAME}
    AND millis BETWEEN {since} AND {until}
),
-- The user or role that a call is of: a session is its role's, a federated session its user's.
attempts AS (
  SELECT
    CASE user_type
      WHEN '{USER}' THEN CASE WHEN user_unique_id LIKE '{USER_ID_PREFIX}%' THEN user_unique_id END
      WHEN '{FEDERATED_USER}' THEN issuer_unique_id
      WHEN '{OTHER_ACCOUNT}' THEN user_unique_id
      ELSE coalesce(
        CASE WHEN issuer_unique_id LIKE '{ROLE_ID_PREFIX}%' THEN issuer_unique_id END,
        CASE WHEN user_unique_id LIKE '{ROLE_ID_PREFIX}%' THEN user_unique_id END)
    END AS principal_id,
    CASE user_type
      WHEN '{USER}' THEN coalesce(
        {user_arn},
        {user_by_name})
      WHEN '{FEDERATED_USER}' THEN coalesce(
        {issuer_arn},
        {issuer_by_name})
      WHEN '{OTHER_ACCOUNT}' THEN NULL
      ELSE coalesce(
        {issuer_arn},
        {role_of_session})
    END AS principal_arn,
    CASE
      WHEN user_type IN ('{USER}', '{OTHER_ACCOUNT}') THEN {user_account}
      WHEN user_type = '{FEDERATED_USER}' THEN {issuer_account}
      ELSE coalesce(
        {issuer_account},
        {user_account})
    END AS account,
    event_source,
    event_name,
    aws_region,
    millis,
    -- 13 digits, for another 78 years: as text they sort as the number, before what is put after them.
    {millis_text} AS millis_text,
    coalesce(event_id, '') AS event_id,
    CASE
      WHEN {is_denial}
      THEN 1 ELSE 0
    END AS denied
  FROM calls
),
events AS (
  SELECT
    coalesce(principal_id, principal_arn) AS principal,
    principal_id,
    max(account) AS account,
    max(millis_text || principal_arn) AS seen_as,
    event_source,
    event_name,
    aws_region,
    max(millis_text || event_id) AS last_event,
    count(*) AS attempts,
    sum(denied) AS denied_attempts,
    min(millis) AS first_millis
  FROM attempts
  WHERE principal_id IS NOT NULL OR principal_arn IS NOT NULL
  GROUP BY coalesce(principal_id, principal_arn), principal_id, event_source, event_name, aws_region
),
-- A principal has the ARN it was last seen with, everywhere.
used AS (
  SELECT
    principal_id,
    max(account) OVER (PARTITION BY principal) AS account,
    max(seen_as) OVER (PARTITION BY principal) AS seen_as,
    event_source,
    event_name,
    aws_region,
    last_event,
    attempts,
    denied_attempts,
    first_millis
  FROM events
)",
            api_call = API_CALL_TYPES[0],
            api_call_types = listed(API_CALL_TYPES),
            is_denial = is_denial(),
            user_unique_id = unique_id("user_principal_id"),
            issuer_unique_id = unique_id("issuer_principal_id"),
            source_is_sound = name("event_source"),
            name_is_sound = name("event_name"),
            region_length = sql.bytes("aws_region"),
            region_is_odd = sql.matches("aws_region", "[^a-z0-9-]"),
            event_id_length = sql.bytes("event_id"),
            user_arn = arn("user_arn"),
            issuer_arn = arn("issuer_arn"),
            user_by_name = user_by_name("user_account", "user_name"),
            issuer_by_name = user_by_name("issuer_account", "issuer_name"),
            user_account = account("user_account"),
            issuer_account = account("issuer_account"),
            millis_text = sql.text("millis"),
        ))
    }

    /// Lake prunes by `eventTime` alone. Its documentation compares it with text, in whole seconds.
    fn lake_bounds(&self) -> String {
        if self.dialect != Dialect::CloudTrailLake {
            return String::new();
        }
        let seconds = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S");
        let since = self
            .since
            .map(|since| format!("eventTime >= '{}'", seconds(since)));
        let until = self
            .until
            .and_then(|until| until.checked_add_signed(TimeDelta::seconds(1)))
            .map(|next| format!("eventTime < '{}'", seconds(next)));
        let bounds: Vec<String> = since.into_iter().chain(until).collect();
        if bounds.is_empty() {
            String::new()
        } else {
            format!("\n  WHERE {}", bounds.join(" AND "))
        }
    }

    /// From `used` to the table, with the catalog's names.
    fn resolved(&self, catalog: &Catalog) -> Result<String, QueryError> {
        let sql = self.dialect;
        // A version at the end of an event name: 20150331, 20150331v2 or 2020_05_31.
        let revision = r"v[0-9]+\z";
        let unversioned = sql.extract(
            &format!("regexp_replace(event_name, {}, '')", sql.literal(revision)),
            r"^((?s:.+))(?:20[0-9]{6}|20[0-9]{2}_[0-9]{2}_[0-9]{2})\z",
            1,
        );
        // ASCII alone: a Unicode-wise lower case would take K, the Kelvin sign, for a k.
        let folded = |text: &str| {
            format!("translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')")
        };
        let source = sql.extract(
            &folded("event_source"),
            r"^(.*)[.](?:amazonaws[.]com(?:[.]cn)?|amazon[.]com)\z",
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
    min(first_millis) AS first_millis
  FROM resolved
  GROUP BY account, principal_id, seen_as, service_namespace, action,
    CASE WHEN action IS NULL THEN event_name END, aws_region
)",
            rows = known_events::rows(catalog, sql)?,
            each_source = sql.rows("split(sources, ' ')"),
            each_name = sql.rows("split(names, ' ')"),
            event = folded("split_part(entry, '=', 1)"),
            whole = folded("event_name"),
            unversioned = folded(&unversioned),
        );
        Ok(body
            + &self.table(
                "service_namespace,\n  action AS action_name,\n  event_name",
                "actions",
            ))
    }

    /// The columns of the table, from rows that have its keys.
    fn table(&self, operation: &str, rows: &str) -> String {
        let sql = self.dialect;
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
  {first} AS first_accessed
FROM {rows}
",
            arn_seen = sql.time(&millis("seen_as")),
            last = sql.time(&millis("last_event")),
            first = sql.time("first_millis"),
        )
    }
}

/// The first whole millisecond that is not before a time.
fn ceiling_millis(time: DateTime<Utc>) -> i64 {
    let millis = time.timestamp_millis();
    if time.timestamp_subsec_nanos().is_multiple_of(1_000_000) {
        millis
    } else {
        millis.saturating_add(1)
    }
}

/// The pattern whose first group is the unique id that a `principalId` starts with.
fn unique_id_pattern() -> String {
    let prefix = USER_ID_PREFIX.len();
    let (shortest, longest) = (UNIQUE_ID_LENGTHS.start(), UNIQUE_ID_LENGTHS.end());
    format!(
        r"^((?:{USER_ID_PREFIX}|{ROLE_ID_PREFIX})[0-9A-Za-z]{{{},{}}})(?::|\z)",
        shortest.saturating_sub(prefix),
        longest.saturating_sub(prefix)
    )
}

/// Words as a list of literals.
fn listed<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("'{word}'")).join(", ")
}

/// Whether `error_code` says that a permission was missing.
fn is_denial() -> String {
    DENIAL_MARKERS
        .map(|marker| format!("error_code LIKE '%{marker}%'"))
        .join(" OR ")
}
