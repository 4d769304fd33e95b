//! Passages of records that are recalled as a whole: what was called, and how a record ends.

use advisor_core::CreditedActionId;

use crate::fragments::{Fragments, Place, hash, hash_start};
use crate::runs::RunId;
use crate::scan::Cursor;
use crate::seen::Seen;

/// What was called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) operation: CreditedActionId,
    /// A hash of the passage.
    pub(crate) hash: u64,
    /// A hash of the `eventSource`.
    pub(crate) source_hash: u64,
    /// The last run in its passage.
    pub(crate) last_run: RunId,
}

/// Passages of records that tell what was called: `eventSource` and `eventName`.
#[derive(Debug)]
pub(crate) struct Calls(Fragments<Call>);

impl Default for Calls {
    /// AWS has some 18,000 operations; an account uses a few hundred of them, a large one a few thousand.
    fn default() -> Self {
        Self(Fragments::with_sets(2_048))
    }
}

impl Calls {
    /// Goes past the passage that is next, if it is known; else tells where it belongs.
    #[inline(always)]
    pub(crate) fn recall(&mut self, cursor: &mut Cursor<'_>) -> Result<Call, Place> {
        // With the Region after it, no passage is shorter.
        let place = self.0.place(hash_start::<7>(0, cursor.rest()));
        self.0.take(place, cursor).ok_or(place)
    }

    pub(crate) fn keep(&mut self, place: Place, text: &[u8], call: Call) {
        self.0.keep(place, text, call);
    }
}

/// How a record ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The number of the reason if its `eventType` sets it aside.
    pub(crate) set_aside: Option<usize>,
    /// Its fields that count.
    pub(crate) fields: Seen,
}

/// Passages from the `eventType` to the end of a record. No insights are among them.
#[derive(Debug)]
pub(crate) struct Ends(Fragments<End>);

impl Default for Ends {
    /// There are a few for each service and Region.
    fn default() -> Self {
        Self(Fragments::with_sets(512))
    }
}

impl Ends {
    /// Goes past the passage that is next, if it is known; else tells where it belongs. The account is near its front,
    /// and the service and the Region may be in a host's name far behind.
    #[inline(always)]
    pub(crate) fn recall(
        &mut self,
        cursor: &mut Cursor<'_>,
        source_hash: u64,
        region: Option<&[u8]>,
    ) -> Result<End, Place> {
        let region = region.and_then(<[u8]>::last_chunk);
        let region = region.map_or(0, |end| u64::from_le_bytes(*end));
        let seed = hash(0, [source_hash, region]);
        let place = self.0.place(hash_start::<10>(seed, cursor.rest()));
        self.0.take(place, cursor).ok_or(place)
    }

    pub(crate) fn keep(&mut self, place: Place, text: &[u8], end: End) {
        self.0.keep_recurring(place, text, end);
    }
}
