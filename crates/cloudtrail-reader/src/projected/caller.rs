//! Who called: `userIdentity` objects.
//!
//! One user makes many calls and one role has many sessions, which differ in their names, keys and times. So callers are known
//! by the bytes that decide: of a session its `sessionIssuer`, of others the start up to the `accountId`, or up to a long-term
//! access key, of which users have few. What is not known by its bytes is read by `serde_json` once.

use advisor_core::{Activity, AppearanceId, CredentialId, UserCredential};

use super::cache::Cache;
use super::keys::{Keys, OTHER};
use super::reasons::Reasons;
use super::walk::{Inner, Members};
use super::window::{Span, Stop, Window};
use crate::outcome::set_aside::Rejection;
use crate::record::event::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::record::identity::{self, identity_types};

const TYPE: u8 = 0;
const PRINCIPAL_ID: u8 = 1;
const ARN: u8 = 2;
const ACCOUNT_ID: u8 = 3;
const ACCESS_KEY_ID: u8 = 4;
const USER_NAME: u8 = 5;
const INVOKED_BY: u8 = 6;
const SESSION_CONTEXT: u8 = 7;

#[rustfmt::skip]
static IDENTITY_KEYS: Keys<11> = Keys::new([
    ("type", TYPE, 0), ("principalId", PRINCIPAL_ID, 0), ("arn", ARN, 0), ("accountId", ACCOUNT_ID, 12),
    ("accessKeyId", ACCESS_KEY_ID, 20), ("userName", USER_NAME, 0), ("sessionContext", SESSION_CONTEXT, 0),
    ("invokedBy", INVOKED_BY, 0), ("identityProvider", OTHER, 0), ("onBehalfOf", OTHER, 0), ("inScopeOf", OTHER, 0),
]);

const SESSION_ISSUER: u8 = 0;

#[rustfmt::skip]
static CONTEXT_KEYS: Keys<7> = Keys::new([
    ("sessionIssuer", SESSION_ISSUER, 0), ("webIdFederationData", OTHER, 0), ("attributes", OTHER, 0), ("ec2RoleDelivery", OTHER, 3),
    ("sourceIdentity", OTHER, 0), ("ec2IssuedInVpc", OTHER, 0), ("assumedRoot", OTHER, 0),
]);

/// Where a `userIdentity` stands; nowhere if the record is left to the reference parser.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity {
    pub(super) whole: Span,
    /// The part that tells whose it is: a `sessionIssuer` with the colon before it, the start up to the `accountId` or a
    /// long-term access key, or all of it.
    telling: Span,
}

impl Identity {
    /// Finds the parts of the `userIdentity` that opens here.
    #[inline(always)]
    pub(super) fn find(window: Window<'_>, open: usize) -> Result<Self, Stop> {
        let text = window.text;
        let (mut identity, mut context) = (Members::<9>::default(), Members::<2>::default());
        window.read_members(open, &IDENTITY_KEYS, &mut identity, Session(&mut context))?;
        let whole = identity.place;
        let plain = |number| identity.plain_text(text, number).ok_or(Stop::Odd);
        let (kind, id, arn) = (plain(TYPE)?, plain(PRINCIPAL_ID)?, plain(ARN)?);
        let (account, key) = (plain(ACCOUNT_ID)?, plain(ACCESS_KEY_ID)?);
        plain(USER_NAME)?;
        plain(INVOKED_BY)?;
        let mut telling = whole;
        if kind.end > 0 && account.end > kind.end.max(id.end).max(arn.end) {
            telling.end = account.end + 1;
            if key.end > account.end
                && key
                    .of(text)
                    .starts_with(UserCredential::LONG_TERM_PREFIX.as_bytes())
            {
                telling.end = key.end + 1;
            }
        }
        if context.place.end == 0 && !identity.value(SESSION_CONTEXT).is_null(text) {
            return Err(Stop::Odd);
        }
        let issuer = context.value(SESSION_ISSUER);
        if !issuer.is_null(text) && issuer.of(text) != b"{}" {
            let is_session = kind.of(text) == identity_types::ASSUMED_ROLE.as_bytes();
            let start = issuer.start - 1;
            let with_colon = Span { start, ..issuer };
            // Anything that is not an object is for the parser of the whole.
            telling = match with_colon.of(text) {
                [b':', b'{', .., b'}'] if is_session => with_colon,
                _ => whole,
            };
        }
        Ok(Self { whole, telling })
    }
}

/// The members of a `sessionContext`.
struct Session<'m>(&'m mut Members<2>);

impl Inner for Session<'_> {
    #[inline(always)]
    fn read(&mut self, window: Window<'_>, number: u8, open: usize) -> Result<Option<usize>, Stop> {
        if number != SESSION_CONTEXT {
            return Ok(None);
        }
        window.read_members(open, &CONTEXT_KEYS, self.0, ())?;
        Ok(Some(self.0.place.end as usize))
    }
}

/// Who called.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Identified {
    /// A user or role, and the long-term access key that signed the call.
    Principal(AppearanceId, Option<CredentialId>),
    /// Someone else: the number of the reason.
    SetAside(u32),
    /// The bytes do not decide: the whole `userIdentity` must be read.
    Undecided,
    /// The record is left to the reference parser.
    #[default]
    Odd,
}

#[derive(Debug, Default)]
pub(super) struct Callers {
    known: Cache<Identified>,
    scratch: Vec<u8>,
}

impl Callers {
    /// Looks up who made the records with these identities.
    #[inline(always)]
    pub(super) fn find_all(&mut self, text: &[u8], identities: impl Iterator<Item = Identity>) {
        let telling = identities.map(|identity| identity.telling);
        self.known.find_all(text, telling);
    }

    /// Who made the record that was asked for as this one of many.
    #[inline(always)]
    pub(super) fn found(
        &mut self,
        number: usize,
        text: &[u8],
        identity: Identity,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Identified {
        match self.known.found(number) {
            Some(Identified::Undecided) | None => self.read(text, identity, activity, reasons),
            Some(known) => known,
        }
    }

    #[inline(never)]
    fn read(
        &mut self,
        text: &[u8],
        identity: Identity,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Identified {
        for part in [identity.telling, identity.whole] {
            let json = part.of(text);
            let caller = self.known.find(json).unwrap_or_else(|| {
                let caller = match json {
                    [] => Identified::Odd,
                    [b':', issuer @ ..] => read_issuer(issuer, activity),
                    [.., b'}'] => read_identity(json, false, activity, reasons),
                    _ => {
                        self.scratch.clear();
                        self.scratch.extend_from_slice(json);
                        self.scratch.push(b'}');
                        read_identity(&self.scratch, true, activity, reasons)
                    }
                };
                self.known.keep(json, caller);
                caller
            });
            if !matches!(caller, Identified::Undecided) {
                return caller;
            }
        }
        Identified::Odd
    }
}

/// The role of a session, if the issuer has its id, ARN and account: then nothing else of the session matters.
fn read_issuer(issuer: &[u8], activity: &mut Activity) -> Identified {
    let Ok(issuer) = serde_json::from_slice::<SessionIssuer<'_>>(issuer) else {
        return Identified::Odd;
    };
    let session = UserIdentity {
        r#type: Some(Text::from(identity_types::ASSUMED_ROLE)),
        session_context: Some(SessionContext {
            session_issuer: Some(issuer),
        }),
        ..UserIdentity::default()
    };
    match identity::Identity::of(&session) {
        Ok(role) if is_complete(&role) => intern(&role, activity),
        _ => Identified::Undecided,
    }
}

/// Reads a `userIdentity`, or only its start.
fn read_identity(
    json: &[u8],
    is_start: bool,
    activity: &mut Activity,
    reasons: &mut Reasons,
) -> Identified {
    let Ok(user_identity) = serde_json::from_slice::<UserIdentity<'_>>(json) else {
        return Identified::Odd;
    };
    let found = identity::Identity::of(&user_identity);
    if is_start {
        let is_decided = match user_identity.r#type.as_deref() {
            // Else the user's name may tell more.
            Some(identity_types::USER) => found.as_ref().is_ok_and(is_complete),
            Some(identity_types::ROOT | identity_types::OTHER_ACCOUNT) => true,
            _ => false,
        };
        if !is_decided {
            return Identified::Undecided;
        }
    }
    match found {
        Ok(identity) => intern(&identity, activity),
        Err(Rejection::Malformed(_)) => Identified::Odd,
        Err(Rejection::SetAside(reason)) => Identified::SetAside(reasons.number(reason)),
    }
}

fn is_complete(identity: &identity::Identity<'_>) -> bool {
    let principal = identity.principal();
    principal.unique_id.is_some() && principal.arn.is_some() && principal.account.is_some()
}

fn intern(identity: &identity::Identity<'_>, activity: &mut Activity) -> Identified {
    match activity.intern_principal(identity.principal()) {
        Some(principal) => {
            let key = identity.access_key().and_then(|key| {
                let coverage = activity.coverage_mut();
                coverage.intern_credential(identity.principal(), key)
            });
            Identified::Principal(principal, key)
        }
        None => Identified::Odd,
    }
}
