//! What the regular trail's records are made of: Regions, callers, errors. Decided before any JSON is written.

use crate::seeded::Seeded;

use super::caller::Session;

/// What is known about a record before it is written.
#[derive(Debug)]
pub(super) struct Fact<'b> {
    pub(super) who: Who<'b>,
    /// In UTC seconds.
    pub(super) seconds: u64,
    pub(super) error: Option<Error>,
    /// Draws the rest of the record.
    pub(super) random: Seeded,
}

/// Who made the call.
#[derive(Debug)]
pub(super) enum Who<'b> {
    /// A session that makes many calls in this block, and the event's index.
    Session(&'b Session, usize),
    /// A session that makes one call, and the event's index.
    Passing(Box<Session>, usize),
    /// No IAM user or role.
    Other(Other),
}

/// Records that no IAM user or role made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// A service assumes its role.
    ServiceAssumesRole,
    /// A service reads on its own behalf.
    ServiceReads,
    /// An `AwsServiceEvent`.
    ServiceEvent,
    SignIn,
    Root,
    Anonymous,
    WebIdentity,
    Saml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// A permission was missing.
    Denied,
    /// Any other error.
    Failed,
}

impl Fact<'_> {
    /// The caller and the event's index; `None` when no IAM user or role made the call.
    pub(super) fn call(&self) -> Option<(&Session, usize)> {
        match &self.who {
            Who::Session(caller, event) => Some((caller, *event)),
            Who::Passing(caller, event) => Some((caller, *event)),
            Who::Other(_) => None,
        }
    }
}

impl Other {
    pub(super) fn draw(random: &mut Seeded) -> Self {
        match random.below(100) {
            0..30 => Self::ServiceAssumesRole,
            30..60 => Self::ServiceReads,
            60..72 => Self::ServiceEvent,
            72..79 => Self::SignIn,
            79..84 => Self::Root,
            84..87 => Self::Anonymous,
            87..97 => Self::WebIdentity,
            _ => Self::Saml,
        }
    }
}
