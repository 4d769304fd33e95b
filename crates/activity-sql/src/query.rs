//! The query as a whole.

use chrono::{DateTime, Utc};
use service_catalog::Catalog;

use crate::attempts::Filter;
use crate::dialect::Dialect;
use crate::error::QueryError;
use crate::layout::Records;
use crate::{attempts, resolved, table};

/// A query that makes the activity table.
///
/// ```
/// use activity_sql::{ActivityQuery, Dialect, Records};
/// use service_catalog::Catalog;
///
/// let catalog = Catalog::shared();
/// let logs = Records::Objects("logs/*.json.gz".to_owned());
/// let sql = ActivityQuery::new(Dialect::DuckDb, logs).catalog(&*catalog).to_sql()?;
/// assert!(sql.contains("service_namespace"));
/// # Ok::<(), activity_sql::QueryError>(())
/// ```
///
/// With a catalog its columns are those of the table: `account_id`, `principal_id`, `principal_arn`,
/// `principal_arn_seen`, `service_namespace`, `action_name`, `event_name`, `aws_region`, `last_accessed`,
/// `last_event_id`, `attempts`, `denied_attempts`, `first_accessed`, `days`. Without one, events are not resolved to actions: instead
/// of `service_namespace`, `action_name` and `event_name`, the columns are `event_source` and `event_name` as `CloudTrail`
/// writes them, and access-advisor resolves them with [`Catalog::resolve_event`] when it reads the rows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivityQuery<'a> {
    /// The engine.
    pub dialect: Dialect,
    /// Where it finds the records.
    pub records: Records,
    /// Resolves events to actions. With the built-in catalog the query has half a megabyte, too much for Athena and
    /// `CloudTrail` Lake.
    pub catalog: Option<&'a Catalog>,
    /// Records earlier than this are skipped.
    pub since: Option<DateTime<Utc>>,
    /// Records later than this are skipped.
    pub until: Option<DateTime<Utc>>,
}

impl<'a> ActivityQuery<'a> {
    /// A query over all times, by event.
    #[must_use]
    pub fn new(dialect: Dialect, records: Records) -> Self {
        Self {
            dialect,
            records,
            catalog: None,
            since: None,
            until: None,
        }
    }

    /// Resolves events to the actions of this catalog in the query; none to leave them as they are.
    #[must_use]
    pub fn catalog(mut self, catalog: impl Into<Option<&'a Catalog>>) -> Self {
        self.catalog = catalog.into();
        self
    }

    /// Skips records earlier than this; none for no limit.
    #[must_use]
    pub fn since(mut self, since: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.since = since.into();
        self
    }

    /// Skips records later than this; none for no limit.
    #[must_use]
    pub fn until(mut self, until: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.until = until.into();
        self
    }

    /// Returns the text of the query.
    ///
    /// # Errors
    /// The engine has no such query, the name of the table or a name of the catalog cannot stand in one, or the query is
    /// longer than the engine takes.
    pub fn to_sql(&self) -> Result<String, QueryError> {
        let mut sql = self.heading();
        sql += &attempts::select(&Filter {
            dialect: self.dialect,
            records: &self.records,
            since: self.since,
            until: self.until,
        })?;
        match self.catalog {
            Some(catalog) => sql += &resolved::select(self.dialect, catalog)?,
            None => sql += &table::select(self.dialect, "event_source,\n  event_name", "used"),
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

    /// A comment that says what the query is and expects.
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
}
