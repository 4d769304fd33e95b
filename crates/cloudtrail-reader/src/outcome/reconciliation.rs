//! Counts what became of everything that was read. The counts must add up.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use advisor_core::text::Printable;
use serde::{Deserialize, Serialize};

use crate::outcome::failure::{FailedObject, FailureKind};
use crate::outcome::malformed::Malformed;
use crate::outcome::object_id::ObjectId;
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::outcome::truncation::TruncatedObject;

/// What became of objects and records. Always: records read = attributed + set aside.
///
/// It can be serialized, so that parts of a trail can be read in several processes and [merged](Self::merge) in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reconciliation {
    /// Objects whose records were read.
    pub objects_read: u64,
    /// Digest objects that were read: what they list is in the [coverage](advisor_core::Activity::coverage).
    #[serde(default)]
    pub digests_read: u64,
    /// Objects that hold no API calls, by kind.
    #[serde(with = "as_pairs")]
    pub objects_skipped: BTreeMap<SkippedObject, u64>,
    /// Objects that could not be read: none of their records was taken.
    pub objects_failed: Vec<FailedObject>,
    /// Objects that hold a part of a result: more records exist than were read.
    #[serde(default)]
    pub objects_truncated: Vec<TruncatedObject>,
    /// Objects that were read, and none of whose records can be used: all are malformed or from the future. Archives of which
    /// no member could be read.
    #[serde(default)]
    pub objects_unusable: Vec<ObjectId>,
    /// Bytes of the objects as they are stored.
    pub bytes: u64,
    /// Records in the objects read.
    pub records_read: u64,
    /// Records that count as an attempt of an IAM identity.
    pub records_attributed: u64,
    /// Records set aside, by reason.
    #[serde(with = "as_pairs")]
    pub set_aside_by_reason: BTreeMap<SetAside, u64>,
    /// Rows of activity files.
    pub activity_rows: ActivityRows,
    /// The first malformed records and rows, by object and number.
    pub examples: Vec<MalformedRecord>,
}

/// What became of the rows of activity files, which are pre-aggregated. Always: read = taken + set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityRows {
    /// Rows in the files read.
    pub read: u64,
    /// Rows merged into the table.
    pub taken: u64,
    /// The attempts in these rows.
    pub attempts: u64,
    /// Rows set aside, by reason.
    #[serde(with = "as_pairs")]
    pub set_aside_by_reason: BTreeMap<SetAside, u64>,
}

/// Why an object was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SkippedObject {
    /// The signature of a result of CloudTrail Lake: checksums of its files. A digest lists log files, and is read.
    QueryResultSignature,
    /// Insights: unusual rates of calls.
    Insight,
}

impl SkippedObject {
    /// The reason's name for programs, in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueryResultSignature => "query_result_signature",
            Self::Insight => "insight",
        }
    }
}

impl fmt::Display for SkippedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueryResultSignature => "signature of a query result",
            Self::Insight => "insight",
        })
    }
}

/// A malformed record, or row of an activity file. The others of its object were taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MalformedRecord {
    /// Its object.
    pub object: ObjectId,
    /// Its number in the object, counted from 1.
    pub record: u64,
    /// What is wrong with it.
    pub malformed: Malformed,
}

impl MalformedRecord {
    /// What is wrong with it, for people: `malformed: no eventTime`.
    #[must_use]
    pub fn reason(&self) -> String {
        format!("malformed: {}", Printable(&self.malformed.to_string()))
    }
}

impl fmt::Display for MalformedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.to_string();
        let (object, reason) = (Printable(&object), self.reason());
        write!(f, "{object}: record {}: {reason}", self.record)
    }
}

/// How many objects, records and rows were read, and how many of them cannot be used.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    objects_read: u64,
    objects_failed: usize,
    read: u64,
    unusable: u64,
}

/// How many malformed records are kept as examples. More are only counted.
const MOST_EXAMPLES: usize = 20;
/// How many reasons are counted each. Records of further ones are counted together, by the kind of reason.
const MOST_REASONS: usize = 1_000;
/// How many reasons are printed, of those that name something of a record.
const MOST_PRINTED_REASONS: usize = 40;

/// Counts records by a reason.
///
/// The reasons that are kept are the first in their order, so that they and their counts do not depend on the order of the parts:
/// a reason that was removed has too many smaller ones from then on to be kept again.
fn count_reason(reasons: &mut BTreeMap<SetAside, u64>, reason: SetAside, number: u64) {
    *reasons.entry(reason).or_default() += number;
    while reasons.len() > MOST_REASONS {
        let mut named = reasons.keys().rev();
        let last = named.find_map(|reason| Some((reason.clone(), reason.without_name()?)));
        let Some((last, nameless)) = last else {
            return;
        };
        let number = reasons.remove(&last).unwrap_or_default();
        *reasons.entry(nameless).or_default() += number;
    }
}

impl Reconciliation {
    /// One object that could not be read.
    pub(crate) fn failed(
        object: ObjectId,
        kind: FailureKind,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            objects_failed: vec![FailedObject::new(object, kind, error)],
            ..Self::default()
        }
    }

    /// One digest object.
    pub(crate) fn digest() -> Self {
        Self {
            digests_read: 1,
            ..Self::default()
        }
    }

    /// One object that holds no API calls.
    pub(crate) fn skipped(object: SkippedObject) -> Self {
        Self {
            objects_skipped: [(object, 1)].into(),
            ..Self::default()
        }
    }

    /// How many records were set aside, for any reason.
    #[must_use]
    pub fn records_set_aside(&self) -> u64 {
        self.set_aside_by_reason.values().sum()
    }

    /// How many records, and rows of activity files, are malformed.
    #[must_use]
    pub fn records_malformed(&self) -> u64 {
        self.count_of(SetAside::is_fault)
    }

    /// How many records, and rows of activity files, are from the future.
    #[must_use]
    pub fn records_from_the_future(&self) -> u64 {
        self.count_of(|reason| *reason == SetAside::FromTheFuture)
    }

    /// How many records, and rows of activity files, may be attempts and cannot be used: those that are malformed or from the
    /// future.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.records_malformed() + self.records_from_the_future()
    }

    /// How much of what was read cannot be used: objects, parts of results, records, and rows of activity files of which the earlier
    /// attempts are missing.
    pub(crate) fn losses(&self) -> u64 {
        let rows = &self.activity_rows.set_aside_by_reason;
        let rows = rows.get(&SetAside::SpansUntil).copied();
        let objects = self.objects_failed.len() + self.objects_truncated.len();
        u64::try_from(objects).unwrap_or(u64::MAX) + self.unusable() + rows.unwrap_or_default()
    }

    fn count_of(&self, is_meant: impl Fn(&SetAside) -> bool) -> u64 {
        let rows = &self.activity_rows.set_aside_by_reason;
        let meant =
            (self.set_aside_by_reason.iter().chain(rows)).filter(|(reason, _)| is_meant(reason));
        meant.map(|(_, count)| count).sum()
    }

    /// How many records and rows of activity files were read.
    fn all_read(&self) -> u64 {
        self.records_read + self.activity_rows.read
    }

    /// Lists an object as unusable, if nothing that was read since these counts can be used. An archive is also if all of its
    /// members failed.
    pub(crate) fn check_usable(&mut self, object: &ObjectId, before: Progress) {
        let read = self.all_read() - before.read;
        let is_unusable = read > 0 && self.unusable() - before.unusable == read;
        let failed = self
            .objects_failed
            .get(before.objects_failed..)
            .unwrap_or_default();
        let are_members =
            !failed.is_empty() && failed.iter().all(|failed| failed.object() != object);
        if is_unusable || are_members && self.objects_read == before.objects_read {
            self.objects_unusable.push(object.clone());
        }
    }

    /// How far reading is.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            objects_read: self.objects_read,
            objects_failed: self.objects_failed.len(),
            read: self.all_read(),
            unusable: self.unusable(),
        }
    }

    /// How many malformed records are not among the [`examples`](Self::examples).
    #[must_use]
    pub fn unnamed_malformed(&self) -> u64 {
        let named = u64::try_from(self.examples.len()).unwrap_or(u64::MAX);
        self.records_malformed().saturating_sub(named)
    }

    /// Whether the counts add up.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let rows = &self.activity_rows;
        self.records_read == self.records_attributed + self.records_set_aside()
            && rows.read == rows.taken + rows.set_aside_by_reason.values().sum::<u64>()
    }

    /// Whether there was neither a record nor a row of an activity file that can be used, apart from summaries of calls
    /// and network activity. A report would call everything unused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all_read() == self.unusable() + self.count_of(SetAside::is_summary)
    }

    /// Whether there are failed or truncated objects, or records that are malformed or from the future.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !self.objects_failed.is_empty() || !self.objects_truncated.is_empty() || self.unusable() > 0
    }

    pub(crate) fn set_record_aside(
        &mut self,
        object: &ObjectId,
        record: u64,
        rejection: Rejection,
    ) {
        let reason = self.name_malformed(object, record, rejection);
        count_reason(&mut self.set_aside_by_reason, reason, 1);
    }

    pub(crate) fn set_row_aside(&mut self, object: &ObjectId, row: u64, rejection: Rejection) {
        let reason = self.name_malformed(object, row, rejection);
        count_reason(&mut self.activity_rows.set_aside_by_reason, reason, 1);
    }

    /// Keeps the first malformed records as examples. Returns the reason to count the record by.
    fn name_malformed(&mut self, object: &ObjectId, record: u64, rejection: Rejection) -> SetAside {
        let malformed = match rejection {
            Rejection::SetAside(reason) => return reason,
            Rejection::Malformed(malformed) => malformed,
        };
        let kind = malformed.kind();
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(MalformedRecord {
                object: object.clone(),
                record,
                malformed,
            });
        }
        SetAside::Malformed(kind)
    }

    /// Adds another part of the same trail. The order of parts does not matter.
    pub fn merge(&mut self, other: Self) {
        self.add(other);
        self.objects_failed.sort();
        self.objects_truncated.sort();
        self.objects_unusable.sort();
    }

    /// Merges without sorting the failed objects: in a folder of many strange files, each would sort all of them again.
    pub(crate) fn add(&mut self, other: Self) {
        self.objects_read += other.objects_read;
        self.digests_read += other.digests_read;
        for (reason, count) in other.objects_skipped {
            *self.objects_skipped.entry(reason).or_default() += count;
        }
        self.objects_failed.extend(other.objects_failed);
        self.objects_truncated.extend(other.objects_truncated);
        self.objects_unusable.extend(other.objects_unusable);
        self.bytes += other.bytes;
        self.records_read += other.records_read;
        self.records_attributed += other.records_attributed;
        for (reason, count) in other.set_aside_by_reason {
            count_reason(&mut self.set_aside_by_reason, reason, count);
        }
        let (rows, others) = (&mut self.activity_rows, other.activity_rows);
        rows.read += others.read;
        rows.taken += others.taken;
        rows.attempts = rows.attempts.saturating_add(others.attempts);
        for (reason, count) in others.set_aside_by_reason {
            count_reason(&mut rows.set_aside_by_reason, reason, count);
        }
        if !other.examples.is_empty() {
            self.examples.extend(other.examples);
            self.examples.sort();
            self.examples.truncate(MOST_EXAMPLES);
        }
    }
}

impl Reconciliation {
    fn write_truncated(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.objects_truncated.is_empty() {
            return Ok(());
        }
        write!(f, ", {} TRUNCATED", self.objects_truncated.len())?;
        for truncated in self.objects_truncated.iter().take(MOST_EXAMPLES) {
            write!(f, "\nTRUNCATED: {truncated}")?;
        }
        let more = self.objects_truncated.len().saturating_sub(MOST_EXAMPLES);
        if more > 0 {
            write!(f, "\nTRUNCATED: and {more} more")?;
        }
        Ok(())
    }
}

/// A summary for people, in several lines.
impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read", count(self.objects_read, "object"))?;
        if self.digests_read > 0 {
            write!(f, ", {} read", count(self.digests_read, "digest"))?;
        }
        for (reason, number) in &self.objects_skipped {
            write!(f, ", {number} {reason} skipped")?;
        }
        if !self.objects_failed.is_empty() {
            write!(f, ", {} FAILED", self.objects_failed.len())?;
        }
        self.write_truncated(f)?;
        let rows = &self.activity_rows;
        if self.records_read > 0 || rows.read == 0 {
            write!(
                f,
                "\n{} = {} attributed + {} set aside",
                count(self.records_read, "record"),
                self.records_attributed,
                self.records_set_aside()
            )?;
            write_reasons(f, &self.set_aside_by_reason)?;
        }
        if rows.read > 0 {
            write!(
                f,
                "\n{} = {} taken ({}) + {} set aside",
                count(rows.read, "activity row"),
                rows.taken,
                count(rows.attempts, "attempt"),
                rows.set_aside_by_reason.values().sum::<u64>()
            )?;
            write_reasons(f, &rows.set_aside_by_reason)?;
        }
        Ok(())
    }
}

fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &BTreeMap<SetAside, u64>) -> fmt::Result {
    let mut malformed = 0;
    // Those of most records; the order is that of the reasons.
    let mut numbers: Vec<u64> = reasons.values().copied().collect();
    numbers.sort_unstable_by(|left, right| right.cmp(left));
    let least = numbers.get(MOST_PRINTED_REASONS).map_or(0, |next| next + 1);
    let (mut others, mut of) = (0, 0_usize);
    for (reason, number) in reasons {
        if reason.is_fault() {
            malformed += number;
        } else if *number >= least || reason.without_name().is_none() {
            write!(f, "\n{number:>9}  {reason}")?;
        } else {
            others += number;
            of += 1;
        }
    }
    if of > 0 {
        write!(f, "\n{others:>9}  for {of} other reasons")?;
    }
    if malformed > 0 {
        write!(f, "\n{malformed:>9}  MALFORMED")?;
    }
    Ok(())
}

fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Maps as lists of pairs: the keys of maps in JSON can only be strings.
mod as_pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &BTreeMap<K, u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, u64>, D::Error> {
        let pairs: Vec<(K, u64)> = Vec::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}
