//! The activity table in the file, with its coverage: merged row by row, loaded as a whole. Rows that a batch changes are
//! kept as they were while a job that was requested earlier is in progress.

use advisor_core::{Activity, ActivityRow, Coverage, CreditedAction, DaySet, Evidence, Principal};
use hashbrown::{HashMap, HashSet};
use rusqlite::{Row, ToSql};

use crate::error::Fault;
use crate::table::Table;
use crate::tables::{ACTIVITY, ACTIVITY_BEFORE, NAMES, PRINCIPALS};
use crate::transaction::{Reader, Writer};
use crate::{coverage, job_rows};

/// The name in `meta` of the number of batches that were merged.
const VERSION: &str = "activity_version";

/// The key of a row: principal, service, operation, `is_action` and Region.
type Key = [i64; 5];

/// A row of table `principals`.
struct StoredPrincipal {
    key: String,
    has_unique_id: bool,
    arn: Option<String>,
    arn_seen: Option<i64>,
    account: Option<String>,
}

/// What a row of activity has beside its key.
struct Attempts {
    last: i64,
    last_event_id: String,
    first: i64,
    attempts: i64,
    denied: i64,
    /// A JSON list of dates and intervals.
    days: String,
    days_complete: bool,
}

/// Returns the number of batches that were merged.
pub(crate) fn version(reader: &Reader<'_>) -> Result<i64, Fault> {
    reader.number(VERSION)
}

/// Loads the table as of a version: rows that changed later as they were, all others as they are. The
/// ARNs and accounts of principals are the latest known ones.
pub(crate) fn load(reader: &Reader<'_>, version: i64) -> Result<Activity, Fault> {
    let mut table = Loading::new(reader)?;
    *table.activity.coverage_mut() = coverage::load(reader, version)?;
    let earlier = load_earlier(reader, version, &mut table)?;
    reader.each(&ACTIVITY, |row| {
        if earlier.is_empty() || !earlier.contains(&key(row)?) {
            table.add(row, 5)?;
        }
        Ok(())
    })?;
    Ok(table.activity)
}

/// Adds the rows that changed after a version as they were then, and returns the keys of these and of those that were not there.
fn load_earlier(
    reader: &Reader<'_>,
    version: i64,
    table: &mut Loading,
) -> Result<HashSet<Key>, Fault> {
    // By key, and of each key the first version that is late enough.
    let mut keys = HashSet::new();
    reader.each(&ACTIVITY_BEFORE, |row| {
        if row.get::<_, i64>(5)? >= version && keys.insert(key(row)?) {
            let is_row = row.get::<_, Option<i64>>(6)?.is_some();
            if is_row {
                table.add(row, 6)?;
            }
        }
        Ok(())
    })?;
    Ok(keys)
}

/// A table that is being loaded.
struct Loading {
    names: HashMap<i64, String>,
    principals: HashMap<i64, StoredPrincipal>,
    activity: Activity,
}

impl Loading {
    fn new(reader: &Reader<'_>) -> Result<Self, Fault> {
        let mut names = HashMap::new();
        reader.each(&NAMES, |row| {
            names.insert(row.get(0)?, row.get(1)?);
            Ok(())
        })?;
        let mut principals = HashMap::new();
        reader.each(&PRINCIPALS, |row| {
            principals.insert(row.get(0)?, StoredPrincipal::parse(row)?);
            Ok(())
        })?;
        Ok(Self {
            names,
            principals,
            activity: Activity::new(),
        })
    }

    /// Adds a row whose values after the key start at a column.
    fn add(&mut self, row: &Row<'_>, values: usize) -> Result<(), Fault> {
        let missing = |what: &str, id: i64| {
            Fault::damaged(format!(
                "table {what} has no row with id {id}, which table activity refers to"
            ))
        };
        let [principal, service, operation, is_action, region] = key(row)?;
        let name = |id: i64| self.names.get(&id).ok_or_else(|| missing("names", id));
        let known =
            (self.principals.get(&principal)).ok_or_else(|| missing("principals", principal))?;
        let evidence =
            evidence(is_action).ok_or_else(|| ACTIVITY.unknown(row, "is_action", is_action))?;
        let text = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
        let days: DaySet = serde_json::from_str(text(values + 5)?)
            .map_err(|error| ACTIVITY.invalid(row, error))?;
        self.activity.add_row(&ActivityRow {
            principal: Principal {
                unique_id: known.has_unique_id.then_some(&known.key),
                arn: known.arn.as_deref(),
                account: known.account.as_deref(),
            },
            arn_seen_millis: known.arn_seen,
            service: name(service)?,
            action: CreditedAction::new(evidence, name(operation)?),
            region: name(region)?,
            last_millis: row.get(values)?,
            last_event_id: text(values + 1)?,
            first_millis: row.get(values + 2)?,
            attempts: row.get(values + 3)?,
            denied: row.get(values + 4)?,
            days: &days,
            days_complete: row.get(values + 6)?,
        });
        Ok(())
    }
}

impl StoredPrincipal {
    fn parse(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(1)?,
            has_unique_id: row.get(2)?,
            arn: row.get(3)?,
            arn_seen: row.get(4)?,
            account: row.get(5)?,
        })
    }

    fn values<'a>(&'a self, id: &'a i64) -> [&'a dyn ToSql; 6] {
        [
            id,
            &self.key,
            &self.has_unique_id,
            &self.arn,
            &self.arn_seen,
            &self.account,
        ]
    }

    /// Takes the later ARN, and the greater account. Returns whether anything has changed.
    fn merge(&mut self, row: &ActivityRow<'_>) -> bool {
        let who = row.principal;
        let mut is_changed = false;
        if let Some(arn) = who.arn
            && (row.arn_seen_millis, Some(arn)) > (self.arn_seen, self.arn.as_deref())
        {
            self.arn = Some(arn.to_owned());
            self.arn_seen = row.arn_seen_millis;
            is_changed = true;
        }
        if who.account > self.account.as_deref() {
            self.account = who.account.map(str::to_owned);
            is_changed = true;
        }
        is_changed
    }
}

impl Attempts {
    fn of(row: &ActivityRow<'_>) -> Result<Self, Fault> {
        Ok(Self {
            last: row.last_millis,
            last_event_id: row.last_event_id.to_owned(),
            first: row.first_millis,
            attempts: signed(row.attempts),
            denied: signed(row.denied),
            days: serde_json::to_string(row.days)
                .map_err(|error| Fault::damaged_by("days of activity", error))?,
            days_complete: row.days_complete,
        })
    }

    fn parse(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            last: row.get(5)?,
            last_event_id: row.get(6)?,
            first: row.get(7)?,
            attempts: row.get(8)?,
            denied: row.get(9)?,
            days: row.get(10)?,
            days_complete: row.get(11)?,
        })
    }

    /// Adds the attempts of a row, by the rule of [`Activity::merge`].
    fn merge(&mut self, other: Self, days: &DaySet) -> Result<(), serde_json::Error> {
        if (other.last, &other.last_event_id) > (self.last, &self.last_event_id) {
            self.last = other.last;
            self.last_event_id = other.last_event_id;
        }
        self.first = self.first.min(other.first);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.denied = self.denied.saturating_add(other.denied);
        if self.days != other.days {
            let mut known: DaySet = serde_json::from_str(&self.days)?;
            known.merge(days);
            self.days = serde_json::to_string(&known)?;
        }
        self.days_complete &= other.days_complete;
        Ok(())
    }

    fn values(&self) -> [&dyn ToSql; 7] {
        [
            &self.last,
            &self.last_event_id,
            &self.first,
            &self.attempts,
            &self.denied,
            &self.days,
            &self.days_complete,
        ]
    }
}

fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok([
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
    ])
}

/// The columns of a key.
fn columns(key: &Key) -> impl Iterator<Item = &dyn ToSql> {
    key.iter().map(|id| id as &dyn ToSql)
}

/// Merges a table and its coverage by the rule of [`Activity::merge`].
pub(crate) fn merge(writer: &Writer<'_>, activity: &Activity) -> Result<(), Fault> {
    if activity.is_empty() && *activity.coverage() == Coverage::new() {
        return Ok(());
    }
    let current = version(writer)?;
    coverage::add(writer, current + 1, activity.coverage())?;
    let jobs = job_rows::in_progress(writer)?;
    let newest_job = jobs.iter().map(|row| row.activity_version).max();
    for (key, row) in keyed_rows(writer, activity)? {
        let mut attempts = Attempts::of(&row)?;
        let found = writer.unverified_row(&ACTIVITY, key, |found| {
            Ok((Attempts::parse(found)?, ACTIVITY.check(found)?))
        })?;
        if let Some(job) = newest_job {
            keep(
                writer,
                key,
                current,
                job,
                found.as_ref().map(|(known, _)| known),
            )?;
        }
        let checksum = match found {
            None => None,
            Some((mut known, checksum)) => {
                known.merge(attempts, row.days).map_err(|error| {
                    let key = format!("the days of the row of table activity with key {key:?}");
                    Fault::damaged_by(key, error)
                })?;
                attempts = known;
                Some(checksum)
            }
        };
        let values: Vec<&dyn ToSql> = columns(&key).chain(attempts.values()).collect();
        match checksum {
            None => writer.insert(&ACTIVITY, &values)?,
            Some(checksum) => writer.replace(&ACTIVITY, checksum, &values)?,
        }
    }
    writer.set_number(VERSION, current + 1)
}

/// Keeps a row as it was up to a version, unless there is a copy already that is late enough for the newest job: one is enough
/// for all jobs in progress.
fn keep(
    writer: &Writer<'_>,
    key: Key,
    version: i64,
    newest_job: i64,
    row: Option<&Attempts>,
) -> Result<(), Fault> {
    let [principal, service, operation, is_action, region] = &key;
    let condition =
        "WHERE (principal, service, operation, is_action, region) = (?1, ?2, ?3, ?4, ?5)
                     AND version >= ?6";
    let params = (principal, service, operation, is_action, region, newest_job);
    let copies = writer.rows(&ACTIVITY_BEFORE, condition, params, |_| Ok(()))?;
    if !copies.is_empty() {
        return Ok(());
    }
    let none = [&None::<i64> as &dyn ToSql; 7];
    let values = columns(&key)
        .chain([&version as &dyn ToSql])
        .chain(row.map_or(none, Attempts::values));
    writer.insert(&ACTIVITY_BEFORE, &values.collect::<Vec<_>>())
}

/// Returns the rows with their keys, in the order of the keys, so that neighbouring rows are on the same page of the file. Adds
/// the principals and names that are new.
fn keyed_rows<'a>(
    writer: &Writer<'_>,
    activity: &'a Activity,
) -> Result<Vec<(Key, ActivityRow<'a>)>, Fault> {
    let mut principals = KnownIds::new(writer, &PRINCIPALS)?;
    let mut names = KnownIds::new(writer, &NAMES)?;
    let mut rows = Vec::with_capacity(activity.len());
    for row in activity.rows() {
        let who = row.principal;
        let Some(principal) = who.unique_id.or(who.arn) else {
            // Nothing identifies it.
            continue;
        };
        let key = [
            principals.id(principal, |new| principal_id(writer, principal, &row, new))?,
            names.id(row.service, |new| name_id(writer, row.service, new))?,
            names.id(row.action.name(), |new| {
                name_id(writer, row.action.name(), new)
            })?,
            is_action(row.action.evidence()),
            names.id(row.region, |new| name_id(writer, row.region, new))?,
        ];
        rows.push((key, row));
    }
    rows.sort_unstable_by_key(|(key, _)| *key);
    Ok(rows)
}

/// The ids that a table has for the texts of a batch.
struct KnownIds<'a> {
    ids: HashMap<&'a str, i64>,
    /// The id of the next row that is added.
    next: i64,
}

impl<'a> KnownIds<'a> {
    fn new(writer: &Writer<'_>, table: &Table) -> Result<Self, Fault> {
        Ok(Self {
            ids: HashMap::new(),
            next: writer.greatest_id(table)? + 1,
        })
    }

    /// Returns the id of a text. Of one that is not known yet, `find_or_add` returns the id that the table has, or adds a row with
    /// the id that it is given.
    fn id(
        &mut self,
        text: &'a str,
        find_or_add: impl FnOnce(i64) -> Result<i64, Fault>,
    ) -> Result<i64, Fault> {
        if let Some(id) = self.ids.get(text) {
            return Ok(*id);
        }
        let id = find_or_add(self.next)?;
        self.next = self.next.max(id + 1);
        self.ids.insert(text, id);
        Ok(id)
    }
}

/// The id of the principal of a row, whose key this is; `new` if it is added.
fn principal_id(
    writer: &Writer<'_>,
    key: &str,
    row: &ActivityRow<'_>,
    new: i64,
) -> Result<i64, Fault> {
    let found = writer.unverified_rows(&PRINCIPALS, "WHERE key = ?1", [key], |row| {
        let id: i64 = row.get(0)?;
        Ok((id, StoredPrincipal::parse(row)?, PRINCIPALS.check(row)?))
    })?;
    if let Some((id, mut known, checksum)) = found.into_iter().next() {
        if known.merge(row) {
            writer.replace(&PRINCIPALS, checksum, &known.values(&id))?;
        }
        return Ok(id);
    }
    let added = StoredPrincipal {
        key: key.to_owned(),
        has_unique_id: row.principal.unique_id.is_some(),
        arn: row.principal.arn.map(str::to_owned),
        arn_seen: row.arn_seen_millis,
        account: row.principal.account.map(str::to_owned),
    };
    writer.insert(&PRINCIPALS, &added.values(&new))?;
    Ok(new)
}

/// The id of a name; `new` if it is added.
fn name_id(writer: &Writer<'_>, text: &str, new: i64) -> Result<i64, Fault> {
    let found = writer.unverified_rows(&NAMES, "WHERE text = ?1", [text], |row| Ok(row.get(0)?))?;
    match found.into_iter().next() {
        Some(id) => Ok(id),
        None => {
            writer.insert(&NAMES, &[&new, &text])?;
            Ok(new)
        }
    }
}

/// The column `is_action`: what the credit to a name rests on.
fn is_action(evidence: Evidence) -> i64 {
    match evidence {
        Evidence::UnresolvedEvent => 0,
        Evidence::Event => 1,
        Evidence::Record => 2,
        Evidence::Implied => 3,
    }
}

fn evidence(is_action: i64) -> Option<Evidence> {
    match is_action {
        0 => Some(Evidence::UnresolvedEvent),
        1 => Some(Evidence::Event),
        2 => Some(Evidence::Record),
        3 => Some(Evidence::Implied),
        _ => None,
    }
}

/// SQLite's integers are signed; greater counts become the greatest of them.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Deletes the earlier versions of rows that no job in progress needs.
pub(crate) fn delete_unneeded_versions(writer: &Writer<'_>) -> Result<(), Fault> {
    let jobs = job_rows::in_progress(writer)?;
    let needed = jobs.iter().map(|row| row.activity_version);
    let oldest = needed.min().unwrap_or(i64::MAX);
    writer.delete(&ACTIVITY_BEFORE, "version < ?1", [oldest])?;
    Ok(())
}
