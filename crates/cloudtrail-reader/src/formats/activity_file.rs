//! Activity files: pre-aggregated activity tables, Parquet or CSV, as objects of a trail.
//!
//! `access-advisor activity export` writes them, and query engines make them of the same logs: with `service_namespace` and
//! `action_name` or, instead of these, `event_source`. Rows that span [`ReadOptions::until`](crate::ReadOptions::until) are
//! cut, or set aside when their days are not known; rows that span [`ReadOptions::since`](crate::ReadOptions::since) are taken
//! whole.

use std::collections::HashMap;

use ::csv::StringRecord;
use advisor_arrow::{Fault, ParquetTable, is_activity_schema, read_each_activity_row};
use advisor_core::{Activity, ActivityRow, CreditedAction, DaySet, Evidence, Principal, time};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;

use crate::formats::csv::CsvRows;
use crate::formats::engine_time;
use crate::formats::error::FormatError;
use crate::options::Rules;
use crate::outcome::malformed::{Malformed, RecordField};
use crate::outcome::object_id::ObjectId;
use crate::outcome::reconciliation::Reconciliation;
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::outcome::shortened::shortened;
use crate::record::attribution;
use crate::record::checks::{self, LONGEST_NAME, UNIQUE_ID_LENGTHS};

/// Whether a Parquet file has the schema of an activity file.
pub(crate) fn is_parquet(bytes: &Bytes) -> bool {
    ParquetTable::open(bytes.clone()).is_ok_and(|table| is_activity_schema(table.schema()))
}

/// Whether a CSV with these columns is an activity file.
pub(crate) fn is_header(names: &StringRecord) -> bool {
    let fields = names
        .iter()
        .map(|name| arrow_schema::Field::new(column(name), DataType::Utf8, true));
    is_activity_schema(&Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the schema's name of a column: `activity show` writes `LastAccessed` for `last_accessed`.
fn column(name: &str) -> String {
    let mut column = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !column.is_empty() && !column.ends_with('_') {
            column.push('_');
        }
        column.push(letter.to_ascii_lowercase());
    }
    column
}

/// Reads a Parquet file. If it turns out to be damaged, nothing of it is kept.
pub(crate) fn read_parquet(
    rules: &Rules,
    object: &ObjectId,
    bytes: Bytes,
    activity: &mut Activity,
) -> Reconciliation {
    let mut rows = Rows::new(rules, object);
    let catalog = Some(rules.shared_catalog());
    let limit = rules.options().object_limit;
    let read = read_each_activity_row(bytes, &object.to_string(), catalog, limit, |row| {
        rows.take(row.map_err(|fault| match fault {
            Fault::Value { column, reason, .. } => Malformed::value(column, &reason).into(),
            other => Malformed::NotARecord(shortened(&other.to_string())).into(),
        }));
    });
    match read {
        Ok(coverage) => {
            // Rows that are missing may be the ones that a day is covered for.
            let coverage = match rows.taken.losses() {
                0 => coverage,
                _ => coverage.as_unknown_source(),
            };
            activity.coverage_mut().merge(&coverage);
            rows.finish(activity)
        }
        Err(error) => failed(
            object,
            match error.fault {
                Fault::TooLarge { limit } => FormatError::TooLarge(limit),
                Fault::Expansion(expansion) => expansion.into(),
                fault => FormatError::Activity(fault),
            },
        ),
    }
}

/// Reads a CSV.
pub(crate) fn read_csv(
    rules: &Rules,
    object: &ObjectId,
    mut csv: CsvRows<'_>,
    activity: &mut Activity,
) -> Reconciliation {
    let columns = match ActivityColumns::of(csv.header()) {
        Ok(columns) => columns,
        Err(error) => return failed(object, error),
    };
    let mut rows = Rows::new(rules, object);
    loop {
        // All columns count.
        match csv.next(true) {
            Ok(Some(Ok(row))) => {
                let mut days = DaySet::new();
                rows.take(columns.row(row, rules, &mut days).map_err(Rejection::from));
            }
            Ok(Some(Err(reason))) => rows.take(Err(reason.into())),
            Ok(None) => {
                // A CSV has no place for coverage.
                let coverage = activity.coverage_mut();
                coverage.see_unknown_source();
                coverage.see_unread_credentials();
                if let What::ByEvent { .. } = columns.what {
                    coverage.see_catalog(rules.catalog().fingerprint());
                }
                if columns.evidence.is_none() {
                    coverage.see_undecided_uses();
                }
                return rows.finish(activity);
            }
            Err(error) => return failed(object, error),
        }
    }
}

fn failed(object: &ObjectId, error: FormatError) -> Reconciliation {
    Reconciliation::failed(object.clone(), error.kind(), error)
}

/// The rows of one file.
struct Rows<'r> {
    rules: &'r Rules,
    object: &'r ObjectId,
    taken: Reconciliation,
    activity: Activity,
}

impl<'r> Rows<'r> {
    fn new(rules: &'r Rules, object: &'r ObjectId) -> Self {
        Self {
            rules,
            object,
            taken: Reconciliation {
                objects_read: 1,
                ..Default::default()
            },
            activity: Activity::new(),
        }
    }

    fn take(&mut self, row: Result<ActivityRow<'_>, Rejection>) {
        self.taken.activity_rows.read += 1;
        let mut days = DaySet::new();
        let row = row.and_then(|row| {
            check(&row)?;
            Ok(self.within_limits(row, &mut days)?)
        });
        let rows = &mut self.taken.activity_rows;
        match row {
            Ok(row) => {
                rows.taken += 1;
                rows.attempts = rows.attempts.saturating_add(row.attempts);
                self.activity.add_row(&row);
            }
            Err(reason) => {
                let number = rows.read;
                self.taken.set_row_aside(self.object, number, reason);
            }
        }
    }

    /// The part of a row that is within the limits of time.
    fn within_limits<'d>(
        &self,
        row: ActivityRow<'d>,
        days: &'d mut DaySet,
    ) -> Result<ActivityRow<'d>, SetAside> {
        match (
            self.rules.check_time(row.first_millis),
            self.rules.check_time(row.last_millis),
        ) {
            (_, Err(SetAside::FromTheFuture)) => Err(SetAside::FromTheFuture),
            (Err(SetAside::BeforeSince), Err(SetAside::BeforeSince)) => Err(SetAside::BeforeSince),
            (Err(SetAside::AfterUntil), _) => Err(SetAside::AfterUntil),
            (_, Err(SetAside::AfterUntil)) => {
                let (_, until) = self.rules.limits();
                row.until(until, days).ok_or(SetAside::SpansUntil)
            }
            _ => Ok(row),
        }
    }

    fn finish(self, activity: &mut Activity) -> Reconciliation {
        activity.merge(&self.activity);
        self.taken
    }
}

/// Checks the values of a row as [`attribution`] checks those of a record.
fn check(row: &ActivityRow<'_>) -> Result<(), Malformed> {
    let sound = |is_sound: bool, column| {
        if is_sound {
            Ok(())
        } else {
            Err(Malformed::value(column, "is not valid"))
        }
    };
    let who = row.principal;
    sound(
        who.unique_id.is_none_or(|id| {
            id.len() <= *UNIQUE_ID_LENGTHS.end()
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }),
        "principal_id",
    )?;
    sound(who.arn.is_none_or(checks::is_arn), "principal_arn")?;
    sound(who.account.is_none_or(checks::is_account), "account_id")?;
    let days = "does not go from the day of first_accessed to that of last_accessed";
    let has_days = row.has_consistent_days();
    has_days
        .then_some(())
        .ok_or_else(|| Malformed::value("days", days))?;
    checks::name(Some(row.service), RecordField::Service)?;
    checks::name(Some(row.action.name()), RecordField::Action)?;
    checks::region(Some(row.region))?;
    sound(row.last_event_id.len() <= LONGEST_NAME, "last_event_id")?;
    for (millis, column) in [
        (Some(row.last_millis), "last_accessed"),
        (Some(row.first_millis), "first_accessed"),
        (row.arn_seen_millis, "principal_arn_seen"),
    ] {
        let is_sound = millis.is_none_or(checks::is_possible_time);
        let cannot_be = || Malformed::value(column, "the time is not possible");
        is_sound.then_some(()).ok_or_else(cannot_be)?;
    }
    Ok(())
}

/// The positions of a CSV's columns. Empty values are nulls, except for `last_event_id`.
struct ActivityColumns {
    account_id: usize,
    principal_id: usize,
    principal_arn: usize,
    principal_arn_seen: Option<usize>,
    what: What,
    event_name: usize,
    aws_region: usize,
    last_accessed: usize,
    last_event_id: usize,
    attempts: usize,
    denied_attempts: usize,
    first_accessed: usize,
    days: Option<usize>,
    days_complete: Option<usize>,
    evidence: Option<usize>,
}

/// The columns that say what was attempted, apart from `event_name`.
enum What {
    Named {
        service_namespace: usize,
        action_name: usize,
    },
    ByEvent {
        event_source: usize,
    },
}

impl ActivityColumns {
    fn of(header: &StringRecord) -> Result<Self, FormatError> {
        let mut places = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            if places.insert(column(name), place).is_some() {
                return Err(FormatError::RepeatedActivityColumn(column(name)));
            }
        }
        let place = |name: &'static str| {
            let missing = Fault::MissingColumn { column: name };
            places
                .get(name)
                .copied()
                .ok_or(FormatError::Activity(missing))
        };
        Ok(Self {
            account_id: place("account_id")?,
            principal_id: place("principal_id")?,
            principal_arn: place("principal_arn")?,
            principal_arn_seen: places.get("principal_arn_seen").copied(),
            what: match (place("service_namespace"), places.get("event_source")) {
                (Err(_), Some(event_source)) => What::ByEvent {
                    event_source: *event_source,
                },
                (service_namespace, _) => What::Named {
                    service_namespace: service_namespace?,
                    action_name: place("action_name")?,
                },
            },
            event_name: place("event_name")?,
            aws_region: place("aws_region")?,
            last_accessed: place("last_accessed")?,
            last_event_id: place("last_event_id")?,
            attempts: place("attempts")?,
            denied_attempts: place("denied_attempts")?,
            first_accessed: place("first_accessed")?,
            days: places.get("days").copied(),
            days_complete: places.get("days_complete").copied(),
            evidence: places.get("evidence").copied(),
        })
    }

    fn row<'a>(
        &self,
        row: &'a StringRecord,
        rules: &'a Rules,
        days: &'a mut DaySet,
    ) -> Result<ActivityRow<'a>, Malformed> {
        let text = |place: usize| row.get(place).filter(|text| !text.is_empty());
        let required = |place: usize, column: &str| {
            let null = || Malformed::value(column, "is empty");
            text(place).ok_or_else(null)
        };
        let count = |place: usize, column: &str| -> Result<u64, Malformed> {
            let text = required(place, column)?;
            let number = text.parse().ok().and_then(|it: i64| u64::try_from(it).ok());
            number
                .ok_or_else(|| Malformed::value(column, "is not a whole number of at most 63 bits"))
        };
        let instant = |text: &str, column: &str| {
            let instant = time::parse(&engine_time::to_rfc3339(text.into()));
            let instant = instant.map(|instant| instant.timestamp_millis());
            instant.ok_or_else(|| Malformed::value(column, "is not a time"))
        };
        let principal = Principal {
            unique_id: text(self.principal_id),
            arn: text(self.principal_arn),
            account: text(self.account_id),
        };
        if principal.unique_id.is_none() && principal.arn.is_none() {
            let reason = "is empty, and so is principal_id";
            return Err(Malformed::value("principal_arn", reason));
        }
        let event = text(self.event_name);
        let (service, action) = match self.what {
            What::ByEvent { event_source } => {
                let source = text(event_source);
                let called = attribution::Event::resolve(rules.catalog(), source, event)?.called();
                (called.service, called.action)
            }
            What::Named {
                service_namespace,
                action_name,
            } => {
                let action = match (text(action_name), event) {
                    (Some(action), None) => {
                        let evidence = match self.evidence.and_then(text) {
                            None | Some("event") => Evidence::Event,
                            Some("record") => Evidence::Record,
                            Some("implied") => Evidence::Implied,
                            Some(_) => return Err(Malformed::value("evidence", "is not known")),
                        };
                        CreditedAction::new(evidence, action)
                    }
                    (None, Some(event)) => CreditedAction::Event(event),
                    _ => {
                        let reason = "either it or action_name must be empty, and not both";
                        return Err(Malformed::value("event_name", reason));
                    }
                };
                (required(service_namespace, "service_namespace")?, action)
            }
        };
        let last_millis = instant(
            required(self.last_accessed, "last_accessed")?,
            "last_accessed",
        )?;
        let first_millis = instant(
            required(self.first_accessed, "first_accessed")?,
            "first_accessed",
        )?;
        if first_millis > last_millis {
            let reason = "is later than last_accessed";
            return Err(Malformed::value("first_accessed", reason));
        }
        let attempts = count(self.attempts, "attempts")?;
        let denied = count(self.denied_attempts, "denied_attempts")?;
        if denied > attempts {
            let reason = format!("{denied} is more than attempts, {attempts}");
            return Err(Malformed::value("denied_attempts", &reason));
        }
        let seen = self.principal_arn_seen.and_then(text);
        let seen = seen.filter(|_| principal.arn.is_some());
        let listed = self.days.and_then(text);
        if let Some(listed) = listed {
            read_days(listed, days)?;
        }
        let is_complete = match self.days_complete.and_then(text) {
            None => true,
            Some(flag) if flag.eq_ignore_ascii_case("true") => true,
            Some(flag) if flag.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(Malformed::value("days_complete", "is not true or false")),
        };
        Ok(ActivityRow {
            principal,
            arn_seen_millis: seen
                .map(|seen| instant(seen, "principal_arn_seen"))
                .transpose()?,
            service,
            action,
            region: required(self.aws_region, "aws_region")?,
            last_millis,
            last_event_id: row.get(self.last_event_id).unwrap_or_default(),
            first_millis,
            attempts,
            denied,
            days,
            days_complete: listed.is_some() && is_complete,
        })
    }
}

/// Reads a list of dates as engines print it: with or without brackets and quotes, separated by commas or spaces.
fn read_days(listed: &str, days: &mut DaySet) -> Result<(), Malformed> {
    let is_between = |letter: char| " ,[]{}\"'".contains(letter);
    for date in listed.split(is_between).filter(|date| !date.is_empty()) {
        let day = DaySet::parse(date);
        days.extend([
            day.ok_or_else(|| Malformed::value("days", "has something that is not a date"))?
        ]);
    }
    Ok(())
}
