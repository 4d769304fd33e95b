//! The answer that all engines must return: who called what, in which Region, when last, how often, and how often it was denied.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use advisor_core::{Activity, ActivityRow, Evidence};
use chrono::DateTime;
use service_catalog::Catalog;

use super::time::written;

/// The principal's ARN, the event source, the event name, and the Region. After [`Answer::by_operation`], the service's
/// namespace and the action instead of the event source and name.
pub type Key = [String; 4];

/// The attempts of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The time of the last attempt, in UTC seconds.
    pub last: u64,
    /// The number of attempts.
    pub attempts: u64,
    /// The number of denied attempts.
    pub denied: u64,
}

impl Attempts {
    /// Adds other attempts of the same key.
    pub(super) fn merge(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        self.attempts += other.attempts;
        self.denied += other.denied;
    }
}

/// A table of attempts. `Display` writes tab-separated lines: the four parts of the key, the time of the last attempt, the
/// number of attempts, and the number of denied attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer(BTreeMap<Key, Attempts>);

/// A line that is not a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerError {
    line: usize,
    reason: &'static str,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the answer: {}", self.line, self.reason)
    }
}

impl std::error::Error for AnswerError {}

impl Answer {
    /// Converts the reader's table, which has services and actions.
    #[must_use]
    pub fn of(activity: &Activity) -> Self {
        let mut answer = Self::default();
        // The other tools credit calls by their names alone.
        let by_name = |row: &ActivityRow<'_>| {
            let evidence = row.action.evidence();
            matches!(evidence, Evidence::Event | Evidence::UnresolvedEvent)
        };
        for row in activity.rows().filter(by_name) {
            let arn = row.principal.arn.or(row.principal.unique_id);
            let attempts = Attempts {
                last: u64::try_from(row.last_millis / 1_000).unwrap_or_default(),
                attempts: row.attempts,
                denied: row.denied,
            };
            answer.add(
                [
                    arn.unwrap_or_default(),
                    row.service,
                    row.action.name(),
                    row.region,
                ],
                attempts,
            );
        }
        answer
    }

    /// Parses what `Display` writes. Rows may be in any order.
    ///
    /// # Errors
    /// Returns an error for a line without seven fields, for an invalid time or number, and for a repeated key.
    pub fn parse(text: &str) -> Result<Self, AnswerError> {
        let mut answer = Self::default();
        for (index, line) in text.lines().enumerate() {
            let fault = |reason| AnswerError {
                line: index + 1,
                reason,
            };
            let fields: Vec<&str> = line.split('\t').collect();
            let [arn, source, name, region, last, attempts, denied] = fields[..] else {
                return Err(fault("not seven fields"));
            };
            let last = DateTime::parse_from_rfc3339(last)
                .ok()
                .and_then(|time| u64::try_from(time.timestamp()).ok())
                .ok_or_else(|| fault("the fifth field is not a time"))?;
            let number = |field: &str| field.parse().map_err(|_| fault("a count is not a number"));
            let row = Attempts {
                last,
                attempts: number(attempts)?,
                denied: number(denied)?,
            };
            let key = [arn, source, name, region].map(str::to_owned);
            if answer.0.insert(key, row).is_some() {
                return Err(fault("the key is repeated"));
            }
        }
        Ok(answer)
    }

    /// Resolves events to services and actions, to compare with [`Answer::of`]. Events of one action are merged.
    #[must_use]
    pub fn by_operation(&self, catalog: &Catalog) -> Self {
        let mut answer = Self::default();
        for ([arn, source, event, region], attempts) in &self.0 {
            let (service, action) = action(catalog, source, event);
            answer.add([arn, service, action, region], *attempts);
        }
        answer
    }

    /// Adds a row.
    pub fn add(&mut self, key: [&str; 4], attempts: Attempts) {
        self.0
            .entry(key.map(str::to_owned))
            .and_modify(|known| known.merge(attempts))
            .or_insert(attempts);
    }

    /// Adds all rows of another answer.
    pub fn merge(&mut self, other: &Self) {
        for (key, attempts) in &other.0 {
            self.add(key.each_ref().map(String::as_str), *attempts);
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    /// Describes the first row that differs.
    #[must_use]
    pub fn difference(&self, expected: &Self) -> Option<String> {
        let keys = self.0.keys().chain(expected.0.keys());
        let key = keys
            .filter(|key| self.0.get(*key) != expected.0.get(*key))
            .min()?;
        let shown = |answer: &Self| {
            answer
                .0
                .get(key)
                .map_or_else(|| "no such row".to_owned(), |row| format!("{row:?}"))
        };
        let mut words = format!("{} rows, expected {}; ", self.len(), expected.len());
        // Writing to a string cannot fail.
        let _ = write!(
            words,
            "{}: {}, expected {}",
            key.join(" "),
            shown(self),
            shown(expected)
        );
        Some(words)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, row) in &self.0 {
            for part in key {
                write!(f, "{part}\t")?;
            }
            let last = written(row.last);
            writeln!(f, "{last}\t{}\t{}", row.attempts, row.denied)?;
        }
        Ok(())
    }
}

/// The service's namespace and the action's or event's name, as the reader's table has them.
fn action<'a>(catalog: &'a Catalog, source: &'a str, event: &'a str) -> (&'a str, &'a str) {
    let resolved = catalog.resolve_event(source, event);
    let service = resolved.service.map_or_else(
        || source.split('.').next().unwrap_or(source),
        |id| catalog.service(id).namespace(),
    );
    let action = resolved.action;
    let name = action.map_or(event, |id| catalog.action(id).name());
    (service, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "arn:1\ts3.amazonaws.com\tListBuckets\teu-west-1\t2026-01-01T00:00:01Z\t3\t1\n\
                        arn:1\ts3.amazonaws.com\tPutObject\teu-west-1\t2026-01-01T00:00:00Z\t2\t0\n";

    #[test]
    fn parse_reads_what_display_writes() {
        let answer = Answer::parse(ROWS).unwrap();
        assert_eq!(answer.to_string(), ROWS);
        assert_eq!(answer.difference(&answer), None);
    }

    #[test]
    fn difference_names_the_row() {
        let other = Answer::parse(&ROWS.replace("Z\t2\t0", "Z\t2\t1")).unwrap();
        let shown = other.difference(&Answer::parse(ROWS).unwrap()).unwrap();
        assert!(shown.contains("PutObject"), "{shown}");
        let fewer = Answer::parse(ROWS.lines().next().unwrap()).unwrap();
        assert!(fewer.difference(&other).unwrap().contains("no such row"));
    }

    #[test]
    fn invalid_lines_are_errors() {
        for text in [
            "a\tb\n",
            "a\tb\tc\td\tyesterday\t1\t1\n",
            "a\tb\tc\td\t2026-01-01T00:00:00Z\t-1\t1\n",
            &ROWS.repeat(2),
        ] {
            assert!(Answer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn events_of_one_action_are_merged() {
        let text = ROWS.replace("PutObject", "ListAllMyBuckets");
        let answer = Answer::parse(&text)
            .unwrap()
            .by_operation(Catalog::embedded());
        let only = "arn:1\ts3\tListAllMyBuckets\teu-west-1\t2026-01-01T00:00:01Z\t5\t1\n";
        assert_eq!(answer.to_string(), only);
    }
}
