//! A digest of a table's rows, which shows whether the coverage beside them is still theirs.

use std::fmt;

use advisor_core::{ActivityRow, Evidence};

/// The number of rows, and a sum of their fingerprints. Other tools keep a table's metadata when they filter, join or change its
/// rows: then the coverage says that days were read whose rows are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowsDigest {
    rows: u64,
    sum: u64,
}

impl RowsDigest {
    /// Adds a row. The order of rows does not matter.
    pub(crate) fn add(&mut self, row: &ActivityRow<'_>) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(fingerprint(row));
    }
}

/// As the metadata has it.
impl fmt::Display for RowsDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:016x}", self.rows, self.sum)
    }
}

/// FNV-1a of all columns: the same in every version and on every machine, as files keep it.
fn fingerprint(row: &ActivityRow<'_>) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    let add = |hash: u64, bytes: &[u8]| {
        bytes.iter().fold(hash, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let text = |hash: u64, text: Option<&str>| {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        add(
            add(hash, &length.to_le_bytes()),
            text.unwrap_or_default().as_bytes(),
        )
    };
    let number = |hash: u64, number: i64| add(hash, &number.to_le_bytes());
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);

    let who = row.principal;
    let texts = [
        who.account,
        who.unique_id,
        who.arn,
        Some(row.service),
        Some(row.action.name()),
        Some(row.region),
        Some(row.last_event_id),
    ];
    let evidence = match row.action.evidence() {
        Evidence::Event | Evidence::UnresolvedEvent => 0,
        Evidence::Record => 1,
        Evidence::Implied => 2,
    };
    let numbers = [
        evidence,
        row.arn_seen_millis.unwrap_or(i64::MIN),
        row.last_millis,
        row.first_millis,
        count(row.attempts),
        count(row.denied),
        i64::from(row.days_complete),
    ];
    let days = row.days.iter().map(i64::from);
    let hash = texts.into_iter().fold(START, text);
    numbers.into_iter().chain(days).fold(hash, number)
}
