//! The activity table in the file, with its coverage: merged row by row, loaded as a whole. Rows that a batch changes are
//! kept as they were while a job that was requested earlier is in progress.

use advisor_core::{Activity, ActivityRow, Coverage, CreditedAction, Evidence, Principal};
use hashbrown::HashMap;
use rusqlite::{Transaction, params};

use crate::{coverage, days};

/// Returns the number of batches that were merged.
pub(crate) fn version(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    let query = "SELECT value FROM meta WHERE name = 'activity_version'";
    transaction.query_row(query, [], |row| row.get(0))
}

/// Loads the table as of a version: rows that changed later as they were, all others as they are. The
/// ARNs and accounts of principals are the latest known ones.
pub(crate) fn load(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<Activity> {
    let mut statement = transaction.prepare(
        "WITH as_of AS (
             SELECT * FROM activity a WHERE NOT EXISTS (
                 SELECT 1 FROM activity_before b
                 WHERE (b.principal, b.service, b.operation, b.is_action, b.region)
                     = (a.principal, a.service, a.operation, a.is_action, a.region)
                     AND b.version >= ?1)
             UNION ALL
             SELECT principal, service, operation, is_action, region,
                    last, last_event_id, first, attempts, denied, days, days_complete
             FROM (SELECT *, min(version) FROM activity_before WHERE version >= ?1
                   GROUP BY principal, service, operation, is_action, region)
             WHERE last IS NOT NULL)
         SELECT p.key, p.has_unique_id, p.arn, p.arn_seen, p.account,
                s.text, o.text, a.is_action, r.text,
                a.last, a.last_event_id, a.first, a.attempts, a.denied, a.days, a.days_complete
         FROM as_of a
         JOIN principals p ON p.id = a.principal
         JOIN names s ON s.id = a.service
         JOIN names o ON o.id = a.operation
         JOIN names r ON r.id = a.region",
    )?;
    let mut rows = statement.query([version])?;
    let mut activity = Activity::new();
    *activity.coverage_mut() = coverage::load(transaction, version)?;
    while let Some(row) = rows.next()? {
        let text = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
        let optional = |index: usize| {
            row.get_ref(index)?
                .as_str_or_null()
                .map_err(rusqlite::Error::from)
        };
        let key = text(0)?;
        let name = text(6)?;
        let days = days::read(text(14)?)?;
        activity.add_row(&ActivityRow {
            principal: Principal {
                unique_id: row.get::<_, bool>(1)?.then_some(key),
                arn: optional(2)?,
                account: optional(4)?,
            },
            arn_seen_millis: row.get(3)?,
            service: text(5)?,
            action: CreditedAction::new(evidence(row.get(7)?), name),
            region: text(8)?,
            last_millis: row.get(9)?,
            last_event_id: text(10)?,
            first_millis: row.get(11)?,
            attempts: row.get(12)?,
            denied: row.get(13)?,
            days: &days,
            days_complete: row.get(15)?,
        });
    }
    Ok(activity)
}

/// Merges a table and its coverage by the rule of [`Activity::merge`].
pub(crate) fn merge(transaction: &Transaction<'_>, activity: &Activity) -> rusqlite::Result<()> {
    if activity.is_empty() && *activity.coverage() == Coverage::new() {
        return Ok(());
    }
    let current = version(transaction)?;
    coverage::add(transaction, current + 1, activity.coverage())?;
    let newest_job: Option<i64> = transaction.query_row(
        "SELECT max(activity_version) FROM jobs WHERE status = 'IN_PROGRESS'",
        [],
        |row| row.get(0),
    )?;
    // One copy of a row is enough for all jobs in progress.
    let mut keep_version = transaction.prepare_cached(
        "INSERT INTO activity_before
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, a.last, a.last_event_id, a.first, a.attempts, a.denied,
             a.days, a.days_complete
         FROM (SELECT 1) LEFT JOIN activity a
             ON (a.principal, a.service, a.operation, a.is_action, a.region) = (?1, ?2, ?3, ?4, ?5)
         WHERE NOT EXISTS (
             SELECT 1 FROM activity_before b
             WHERE (b.principal, b.service, b.operation, b.is_action, b.region)
                 = (?1, ?2, ?3, ?4, ?5) AND b.version >= ?7)",
    )?;
    let mut principal = transaction.prepare_cached(
        "INSERT INTO principals (key, has_unique_id, arn, arn_seen, account)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (key) DO UPDATE SET
             arn = iif(excluded.arn IS NOT NULL AND (arn IS NULL
                 OR (excluded.arn_seen, excluded.arn) > (arn_seen, arn)), excluded.arn, arn),
             arn_seen = iif(excluded.arn IS NOT NULL AND (arn IS NULL
                 OR (excluded.arn_seen, excluded.arn) > (arn_seen, arn)), excluded.arn_seen, arn_seen),
             account = coalesce(max(account, excluded.account), account, excluded.account)
         RETURNING id",
    )?;
    let mut name = transaction.prepare_cached(
        "INSERT INTO names (text) VALUES (?1)
         ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING id",
    )?;
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO activity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO UPDATE SET
             last_event_id = iif((excluded.last, excluded.last_event_id) > (last, last_event_id),
                 excluded.last_event_id, last_event_id),
             last = max(last, excluded.last),
             first = min(first, excluded.first),
             attempts = min(attempts + excluded.attempts, 9223372036854775807),
             denied = min(denied + excluded.denied, 9223372036854775807),
             days = iif(days = excluded.days, days, merge_days(days, excluded.days)),
             days_complete = min(days_complete, excluded.days_complete)",
    )?;
    let mut principals: HashMap<&str, i64> = HashMap::new();
    let mut names: HashMap<&str, i64> = HashMap::new();
    let mut name_id =
        |text: &str| -> rusqlite::Result<i64> { name.query_row([text], |row| row.get(0)) };
    let mut rows = Vec::with_capacity(activity.len());
    for row in activity.rows() {
        let who = row.principal;
        let Some(key) = who.unique_id.or(who.arn) else {
            continue;
        };
        let principal_id = match principals.get(key) {
            Some(id) => *id,
            None => {
                let id = principal.query_row(
                    params![
                        key,
                        who.unique_id.is_some(),
                        who.arn,
                        row.arn_seen_millis,
                        who.account
                    ],
                    |row| row.get(0),
                )?;
                principals.insert(key, id);
                id
            }
        };
        let mut id_of = |text| -> rusqlite::Result<i64> {
            if let Some(id) = names.get(text) {
                return Ok(*id);
            }
            let id = name_id(text)?;
            names.insert(text, id);
            Ok(id)
        };
        let service = id_of(row.service)?;
        let operation = id_of(row.action.name())?;
        let is_action = is_action(row.action.evidence());
        let region = id_of(row.region)?;
        rows.push((principal_id, service, operation, is_action, region, row));
    }
    // In the order of the table, so that neighbouring rows are on the same page of the file.
    rows.sort_unstable_by_key(|(principal, service, operation, is_action, region, _)| {
        (*principal, *service, *operation, *is_action, *region)
    });
    for (principal_id, service, operation, is_action, region, row) in rows {
        if let Some(job) = newest_job {
            keep_version.execute(params![
                principal_id,
                service,
                operation,
                is_action,
                region,
                current,
                job
            ])?;
        }
        upsert.execute(params![
            principal_id,
            service,
            operation,
            is_action,
            region,
            row.last_millis,
            row.last_event_id,
            row.first_millis,
            signed(row.attempts),
            signed(row.denied),
            days::write(row.days)?,
            row.days_complete,
        ])?;
    }
    let next = "UPDATE meta SET value = value + 1 WHERE name = 'activity_version'";
    transaction.execute(next, [])?;
    Ok(())
}

/// The column `is_action`: 0 for an event without an action, 1 for an action.
fn is_action(evidence: Evidence) -> i64 {
    match evidence {
        Evidence::UnresolvedEvent => 0,
        Evidence::Event => 1,
        Evidence::Record => 2,
        Evidence::Implied => 3,
    }
}

fn evidence(is_action: i64) -> Evidence {
    match is_action {
        0 => Evidence::UnresolvedEvent,
        2 => Evidence::Record,
        3 => Evidence::Implied,
        _ => Evidence::Event,
    }
}

/// SQLite's integers are signed; greater counts become the greatest of them.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Deletes the earlier versions of rows that no job in progress needs.
pub(crate) fn delete_unneeded_versions(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM activity_before WHERE version < coalesce(
             (SELECT min(activity_version) FROM jobs WHERE status = 'IN_PROGRESS'),
             9223372036854775807)",
        [],
    )?;
    Ok(())
}
