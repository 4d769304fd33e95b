//! Pages of results, and whether they are all.

use serde_json::value::RawValue;

use crate::outcome::shortened::shortened;
use crate::outcome::truncation::Truncation;
use crate::record::event::Text;

/// The pages of results in an object.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) pages: u64,
    /// Pages that say that another follows.
    pub(super) with_next: u64,
    /// Whether the last page says so.
    pub(super) has_next: bool,
    /// Whether the last page is one that does not say whether another follows.
    pub(super) is_unknown: bool,
    /// The status of a query that did not finish.
    pub(super) status: Option<Box<str>>,
    /// The rows in the pages.
    pub(super) held: u64,
    /// The rows that the search found.
    pub(super) found: u64,
}

impl Pages {
    pub(super) fn add(&mut self, has_next: bool) {
        self.pages += 1;
        self.with_next += u64::from(has_next);
        self.has_next = has_next;
        self.is_unknown = false;
    }

    /// Notes the status of a query, which is this one if it finished.
    pub(super) fn add_status(&mut self, status: Option<&RawValue>, finished: &str) {
        let status = status.and_then(|status| serde_json::from_str::<Text<'_>>(status.get()).ok());
        if let Some(status) = status.filter(|status| !status.eq_ignore_ascii_case(finished)) {
            self.status = Some(shortened(&status));
        }
    }

    /// Why these are only a part of a result.
    pub(super) fn truncation(self) -> Option<Truncation> {
        // One result has one last page. If more are without a next one, so are the pages of several results.
        let is_chain = !self.has_next && self.with_next + 1 == self.pages;
        if let Some(status) = self.status {
            Some(Truncation::QueryStatus(status))
        } else if self.with_next > 0 && !is_chain {
            Some(Truncation::NextPage)
        } else if self.is_unknown {
            Some(Truncation::OnePage)
        } else if self.found > self.held {
            Some(Truncation::Rows {
                held: self.held,
                found: self.found,
            })
        } else {
            None
        }
    }
}
