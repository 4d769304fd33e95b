//! Adds one object after the other to a table: what each thread of a reader does.
//!
//! An object is unpacked and its format detected. The [projected parser](crate::projected) notes the records of CloudTrail's own
//! objects, and they go into the table when the object was read to its end. What the projected parser cannot read, single records or
//! a whole object, the [reference parser](crate::reference) reads.

use std::path::Path;

use advisor_core::{Activity, CoverageId};
use memchr::memmem;
use serde::de::IgnoredAny;

use crate::options::{Parser, Rules};
use crate::outcome::failure::{FailedObject, FailureKind};
use crate::outcome::malformed::Malformed;
use crate::outcome::object_id::ObjectId;
use crate::outcome::reconciliation::Reconciliation;
use crate::outcome::set_aside::Rejection;
use crate::outcome::trail_read::TrailRead;
use crate::projected::{Covered, Noted, NotedAttempt, Projected};
use crate::record::log_file::{self, Delivery};
use crate::reference;
use crate::source::file;
use crate::source::inflate::KEPT_BUFFER;
#[cfg(feature = "s3")]
use crate::source::listing::not_listed;
#[cfg(feature = "s3")]
use crate::source::s3::{fetch::Fetched, listing::ListError};
use crate::source::unpack::Unpacker;

/// Takes objects into one table, one after the other. [`TrailReader::intake`](crate::TrailReader::intake) makes it.
#[derive(Debug)]
pub struct Intake<'r> {
    rules: &'r Rules,
    activity: Activity,
    reconciliation: Reconciliation,
    unpacker: Unpacker,
    /// The object as it is stored.
    stored: Vec<u8>,
    projected: Projected,
    noted: Noted,
    /// The ids of what the records of an object cover.
    held: Vec<CoverageId>,
}

impl<'r> Intake<'r> {
    pub(crate) fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            activity: Activity::new(),
            reconciliation: Reconciliation::default(),
            unpacker: Unpacker::default(),
            stored: Vec::new(),
            projected: Projected::default(),
            noted: Noted::default(),
            held: Vec::new(),
        }
    }

    /// What was taken so far.
    #[must_use]
    pub fn finish(mut self) -> TrailRead {
        for (reason, count) in self.projected.into_set_aside() {
            *self
                .reconciliation
                .set_aside_by_reason
                .entry(reason)
                .or_default() += count;
        }
        self.rules.limit_coverage(self.activity.coverage_mut());
        if self.reconciliation.records_attributed > 0 {
            let catalog = self.rules.catalog().fingerprint();
            self.activity.coverage_mut().see_catalog(catalog);
        }
        TrailRead {
            activity: self.activity,
            reconciliation: self.reconciliation,
        }
    }

    /// Takes a file in. The answer is the bytes it has and the records that were in it.
    pub fn take_file(&mut self, file: &Path) -> Taken {
        let object = ObjectId::from(file);
        let limit = self.rules.options().object_limit;
        let mut stored = std::mem::take(&mut self.stored);
        stored.clear();
        let taken = match file::read(file, limit, &mut stored) {
            Ok(()) => self.take_object(&object, &stored),
            Err(error) => {
                self.fail(FailedObject::new(object, error.kind(), error));
                Taken::default()
            }
        };
        if stored.capacity() <= KEPT_BUFFER {
            self.stored = stored;
        }
        taken
    }

    /// Takes an object of a bucket in.
    #[cfg(feature = "s3")]
    pub(crate) fn take_fetched(&mut self, fetched: Result<Fetched, ListError>) -> Taken {
        let failed = match fetched {
            Ok(Fetched { object, content }) => match content {
                Ok(bytes) => return self.take_object(&object.id(), &bytes),
                Err(error) => FailedObject::new(object.id(), error.kind(), error),
            },
            Err(error) => not_listed(error),
        };
        self.fail(failed);
        Taken::default()
    }

    /// How many objects were read, and how much of them could not be used.
    fn counts(&self) -> (u64, u64) {
        (
            self.reconciliation.objects_read,
            self.reconciliation.losses(),
        )
    }

    /// Records an object that cannot be read.
    pub(crate) fn fail(&mut self, failed: FailedObject) {
        if failed.kind() != FailureKind::NothingThere {
            log_file::lose_object(failed.object(), self.rules, self.activity.coverage_mut());
        }
        self.reconciliation.objects_failed.push(failed);
    }

    /// Takes one object's bytes in: compressed, an archive of objects, or neither. An object that cannot be read as a whole
    /// adds nothing; members of archives are objects of their own.
    pub fn take_object(&mut self, object: &ObjectId, bytes: &[u8]) -> Taken {
        let stored = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.reconciliation.bytes += stored;
        let before = self.reconciliation.records_read;
        let progress = self.reconciliation.progress();
        let limit = self.rules.options().object_limit;
        let mut unpacker = std::mem::take(&mut self.unpacker);
        unpacker.unpack(object, bytes, limit, &mut |object, content| {
            let failed = self.reconciliation.objects_failed.len();
            match content {
                Ok(inflated) => {
                    let (objects, losses) = self.counts();
                    let name = object.file_name();
                    let delivery = Delivery::of(&name);
                    self.take_inflated(object, delivery, inflated);
                    let (objects_read, losses_seen) = self.counts();
                    let coverage = self.activity.coverage_mut();
                    if losses_seen > losses {
                        let is_failed = self.reconciliation.objects_failed.len() > failed;
                        if delivery.is_some() || !is_failed || may_hold_records(inflated) {
                            log_file::lose_object(object, self.rules, coverage);
                        }
                    } else if let Some(delivery) = delivery
                        && objects_read > objects
                    {
                        log_file::see_log_file(delivery, &self.held, self.rules, coverage);
                    }
                }
                Err(error) => self.fail(FailedObject::new(object.clone(), error.kind(), error)),
            }
            self.reconciliation.objects_failed.len() == failed
        });
        self.unpacker = unpacker;
        self.reconciliation.check_usable(object, progress);
        Taken {
            bytes: stored,
            records: self.reconciliation.records_read - before,
        }
    }

    fn take_inflated(
        &mut self,
        object: &ObjectId,
        delivery: Option<Delivery<'_>>,
        inflated: &[u8],
    ) {
        let Self {
            rules,
            activity,
            projected,
            noted,
            held,
            ..
        } = self;
        held.clear();
        if rules.options().parser == Parser::Projected
            && projected.read(inflated, rules, activity, noted).is_ok()
        {
            self.take_noted(object, delivery, inflated);
        } else {
            let taken = reference::read_object(rules, object, delivery, inflated, activity, held);
            self.reconciliation.add(taken);
        }
        if inflated.len() > KEPT_BUFFER {
            self.noted = Noted::default();
        }
    }

    /// Takes what was noted of an object into the table.
    fn take_noted(&mut self, object: &ObjectId, delivery: Option<Delivery<'_>>, text: &[u8]) {
        let Self {
            noted,
            activity,
            reconciliation,
            projected,
            rules,
            held,
            ..
        } = self;
        reconciliation.objects_read += 1;
        reconciliation.records_read += noted.records;
        reconciliation.records_attributed += noted.attributed();
        activity.record_all_interned(noted.attempts.iter().map(NotedAttempt::interned));
        for attempt in &noted.attempts {
            if let Some(key) = attempt.key {
                activity.record_interned_credential(key, &attempt.interned());
            }
        }
        for reason in &noted.set_aside {
            projected.count(*reason);
        }
        for covered in &noted.covered {
            let coverage = activity.coverage_mut();
            let Covered { id, day } = *covered;
            if delivery.is_none_or(|delivery| delivery.covers(id, day, coverage)) {
                coverage.see(id, day);
            }
            if held.last() != Some(&id) {
                held.push(id);
            }
        }
        let mut odd = noted.odd(text).peekable();
        if odd.peek().is_none() {
            return;
        }
        let mut rows = Activity::new();
        for (number, json) in odd {
            let taken = match std::str::from_utf8(json) {
                Ok(json) => reference::take_record(rules, json, None, &mut rows),
                Err(_) => Err(Rejection::Malformed(Malformed::Encoding)),
            };
            match taken {
                Ok(()) => reconciliation.records_attributed += 1,
                Err(reason) => reconciliation.set_record_aside(object, number, reason),
            }
        }
        reference::merge_rows(&mut rows, delivery, activity, held);
    }
}

/// Whether an object that cannot be read may hold records: not if it is text without the names of their fields, such as a licence.
/// JSON that is cut short may have lost them.
fn may_hold_records(bytes: &[u8]) -> bool {
    const NAMES: [&str; 5] = [
        "eventName",
        "eventname",
        "event_name",
        "EventName",
        "class_uid",
    ];
    /// How compressed data in base64 starts.
    const GZIP: &str = "H4sI";
    let is_text = !bytes.is_empty() && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    let has = |name: &&str| memmem::find(bytes, name.as_bytes()).is_some();
    let is_json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    let is_cut = || is_json && serde_json::from_slice::<IgnoredAny>(bytes).is_err();
    !is_text || NAMES.iter().chain([&GZIP]).any(has) || is_cut()
}

/// What was in an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
}
