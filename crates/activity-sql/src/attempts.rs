//! From records to rows by principal, event and Region: the rules of attribution in SQL.
//!
//! The rules and their constants are those of [`cloudtrail_reader::attribution`]; this file says them in another language.

use chrono::{DateTime, TimeDelta, Utc};
use cloudtrail_reader::attribution::{
    API_CALL_TYPES, ARN_PREFIX, DENIAL_MARKERS, FIRST_MILLIS, LAST_MILLIS, LONGEST_ARN,
    LONGEST_NAME, LONGEST_REGION, ROLE_ID_PREFIX, UNIQUE_ID_LENGTHS, USER_ID_PREFIX,
    identity_types,
};

use crate::dialect::{Dialect, domains};
use crate::error::QueryError;
use crate::layout::{self, Records};

/// Which records are read.
pub(crate) struct Filter<'q> {
    pub(crate) dialect: Dialect,
    pub(crate) records: &'q Records,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Filter<'_> {
    /// Bounds of `eventTime`, by which alone Lake prunes. Its documentation compares it with text, in whole seconds.
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
}

/// Selects `used` from the records: one row per principal, event source, event name and Region.
pub(crate) fn select(filter: &Filter<'_>) -> Result<String, QueryError> {
    let sql = filter.dialect;
    let records = layout::select(sql, filter.records)?;
    let lake_bounds = filter.lake_bounds();
    let name = |text: &str| {
        format!(
            "{} BETWEEN 1 AND {LONGEST_NAME} AND NOT {}",
            sql.bytes(text),
            sql.matches(text, r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]")
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
    let since = filter.since.map_or(FIRST_MILLIS, |since| {
        ceiling_millis(since).max(FIRST_MILLIS)
    });
    let until = filter.until.map_or(LAST_MILLIS, |until| {
        until.timestamp_millis().min(LAST_MILLIS)
    });
    use identity_types::{
        ASSUMED_ROLE, FEDERATED_USER, OTHER_ACCOUNT, ROLE, ROOT, SAML_USER, USER, WEB_IDENTITY_USER,
    };
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
AND coalesce(user_type, '') NOT IN ('{ROOT}', '{SAML_USER}', '{WEB_IDENTITY_USER}')
AND NOT (coalesce(user_type, '') = '{FEDERATED_USER}' AND coalesce(issuer_type, '') = '{ROOT}')
AND {source_is_sound}
-- A host that is not AWS's is set aside. A source that is not a host may be a service's name.
AND (event_source NOT LIKE '%.%' OR {source_is_of_aws})
AND {name_is_sound}
AND {region_length} BETWEEN 1 AND {LONGEST_REGION} AND NOT {region_is_odd}
AND coalesce({event_id_length}, 0) <= {LONGEST_NAME}
AND millis BETWEEN {since} AND {until}
),
-- The user or role that a call is of: a session is its role's, a federated session its user's. For other types the unique id
-- decides, or the ARN of a caller of another account.
attempts AS (
  SELECT
CASE
  WHEN user_type = '{USER}' THEN CASE WHEN user_unique_id LIKE '{USER_ID_PREFIX}%' THEN user_unique_id END
  WHEN user_type = '{FEDERATED_USER}' THEN issuer_unique_id
  WHEN user_type IN ('{ASSUMED_ROLE}', '{ROLE}') THEN coalesce(
    CASE WHEN issuer_unique_id LIKE '{ROLE_ID_PREFIX}%' THEN issuer_unique_id END,
    CASE WHEN user_unique_id LIKE '{ROLE_ID_PREFIX}%' THEN user_unique_id END)
  ELSE user_unique_id
END AS principal_id,
CASE
  WHEN user_type = '{USER}' THEN coalesce(
    {user_arn},
    {user_by_name})
  WHEN user_type = '{FEDERATED_USER}' THEN coalesce(
    {issuer_arn},
    {issuer_by_name})
  WHEN user_type IN ('{ASSUMED_ROLE}', '{ROLE}') THEN coalesce(
    {issuer_arn},
    {role_of_session})
  WHEN user_type = '{OTHER_ACCOUNT}' AND user_unique_id IS NULL THEN coalesce(
    {role_of_session},
    CASE WHEN user_arn LIKE '%:iam::%' AND (user_arn LIKE '%:user/%' OR user_arn LIKE '%:role/%')
      THEN {user_arn} END)
END AS principal_arn,
CASE
  WHEN user_type = '{FEDERATED_USER}' THEN {issuer_account}
  WHEN user_type IN ('{ASSUMED_ROLE}', '{ROLE}') THEN coalesce(
    {issuer_account},
    {user_account})
  ELSE {user_account}
END AS account,
event_source,
event_name,
aws_region,
millis,
-- 13 digits, for another 78 years: as text they sort as the number, before what is put after them.
{millis_text} AS millis_text,
{day} AS day,
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
min(millis) AS first_millis,
{days} AS days
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
first_millis,
days
  FROM events
)",
        api_call = API_CALL_TYPES[0],
        api_call_types = listed(API_CALL_TYPES),
        is_denial = is_denial(),
        user_unique_id = unique_id("user_principal_id"),
        issuer_unique_id = unique_id("issuer_principal_id"),
        source_is_sound = name("event_source"),
        source_is_of_aws = sql.matches(
            &Dialect::folded("event_source"),
            &format!(r"^.+{}\z", domains())
        ),
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
        day = sql.day("millis"),
        days = sql.set("day"),
    ))
}

/// Rounds a time up to milliseconds.
fn ceiling_millis(time: DateTime<Utc>) -> i64 {
    let millis = time.timestamp_millis();
    if time.timestamp_subsec_nanos().is_multiple_of(1_000_000) {
        millis
    } else {
        millis.saturating_add(1)
    }
}

/// A pattern whose first group is the unique id at the start of a `principalId`.
fn unique_id_pattern() -> String {
    let prefix = USER_ID_PREFIX.len();
    let (shortest, longest) = (UNIQUE_ID_LENGTHS.start(), UNIQUE_ID_LENGTHS.end());
    format!(
        r"^((?:{USER_ID_PREFIX}|{ROLE_ID_PREFIX})[0-9A-Za-z]{{{},{}}})(?::|\z)",
        shortest.saturating_sub(prefix),
        longest.saturating_sub(prefix)
    )
}

/// A list of literals.
fn listed<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("'{word}'")).join(", ")
}

/// A condition: `error_code` says that a permission was missing.
fn is_denial() -> String {
    DENIAL_MARKERS
        .map(|marker| format!("error_code LIKE '%{marker}%'"))
        .join(" OR ")
}
