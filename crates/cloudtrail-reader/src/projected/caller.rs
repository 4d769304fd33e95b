//! Who called: `userIdentity` objects.
//!
//! One user makes many calls and one role has many sessions, which differ in their names, keys and times. So callers are known
//! by the bytes that decide: of a session its `sessionIssuer`, of others the start up to the `accountId`. What is not known by
//! its bytes is read by `serde_json` once.

use advisor_core::Activity;

use super::Irregular;
use super::cache::{Answer, Cache};
use super::index::Index;
use super::keys::Keys;
use super::reasons::Reasons;
use super::record::{Caller, Record};
use super::walk::{self, Colons, Span};
use crate::outcome::set_aside::Rejection;
use crate::record::event::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::record::identity::{Identity, identity_types};

/// The values of a `userIdentity`, in the order of its keys' numbers; the last number is that of keys that do not count.
const IDENTITY_VALUES: usize = 8;
const OTHER: u8 = IDENTITY_VALUES as u8 - 1;

static IDENTITY_KEYS: Keys<11> = Keys::new(
    [
        ("type", 0),
        ("principalId", 1),
        ("arn", 2),
        ("accountId", 3),
        ("userName", 4),
        ("invokedBy", 5),
        ("sessionContext", 6),
        ("accessKeyId", OTHER),
        ("identityProvider", OTHER),
        ("onBehalfOf", OTHER),
        ("inScopeOf", OTHER),
    ],
    OTHER,
    4,
);

static CONTEXT_KEYS: Keys<6> = Keys::new(
    [
        ("sessionIssuer", 0),
        ("webIdFederationData", 1),
        ("attributes", 1),
        ("ec2RoleDelivery", 1),
        ("sourceIdentity", 1),
        ("ec2IssuedInVpc", 1),
    ],
    1,
    7,
);

#[derive(Debug, Default)]
pub(super) struct Callers {
    known: Cache<Caller>,
    asked: Vec<Span>,
    answers: Vec<Answer<Caller>>,
    scratch: Vec<u8>,
}

impl Callers {
    /// Finds who made the records.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        index: &Index,
        text: &[u8],
        records: &mut [Record],
        colons: &mut Colons,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Result<(), Irregular> {
        self.asked.clear();
        for record in &*records {
            // An empty text is never known.
            let telling = telling(index, text, record.user_identity(), colons)?;
            self.asked.push(telling.unwrap_or_default());
        }
        let mut answers = std::mem::take(&mut self.answers);
        self.known.find_all(text, &self.asked, &mut answers);
        for (number, (record, answer)) in records.iter_mut().zip(&answers).enumerate() {
            record.caller = match answer.value {
                Some(Caller::Undecided) | None => {
                    let asked = self.asked.get(number).copied().unwrap_or_default();
                    let identity = record.user_identity();
                    self.read(text, identity, asked, *answer, activity, reasons)
                }
                Some(known) => known,
            };
        }
        self.answers = answers;
        Ok(())
    }

    #[inline(never)]
    fn read(
        &mut self,
        text: &[u8],
        identity: Span,
        asked: Span,
        answer: Answer<Caller>,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Caller {
        if asked == Span::default() {
            return Caller::Odd;
        }
        let telling = asked.of(text);
        if answer.value.is_none() {
            let caller = match telling {
                [b':', issuer @ ..] => read_issuer(issuer, activity),
                [.., b'}'] => read_identity(telling, false, activity, reasons),
                _ => {
                    self.scratch.clear();
                    self.scratch.extend_from_slice(telling);
                    self.scratch.push(b'}');
                    read_identity(&self.scratch, true, activity, reasons)
                }
            };
            // What is broken need not be known.
            if let Caller::Odd = caller {
                return caller;
            }
            self.known.keep(answer, telling, caller);
            if !matches!(caller, Caller::Undecided) {
                return caller;
            }
        }
        let whole = identity.trimmed(text).of(text);
        let answer = self.known.find(whole);
        answer.value.unwrap_or_else(|| {
            let caller = read_identity(whole, false, activity, reasons);
            if !matches!(caller, Caller::Odd) {
                self.known.keep(answer, whole, caller);
            }
            caller
        })
    }
}

/// The part of a `userIdentity` that tells whose it is, if the rest is sound: a `sessionIssuer` with the colon before it, the
/// start up to the `accountId`, or all of it. `None` if the record must be left to the reference parser.
#[inline(always)]
fn telling(
    index: &Index,
    text: &[u8],
    identity: Span,
    colons: &mut Colons,
) -> Result<Option<Span>, Irregular> {
    let members = walk::value_members::<IDENTITY_VALUES, _>;
    let Some((whole, values)) = members(index, text, identity, colons, &IDENTITY_KEYS)? else {
        return Ok(None);
    };
    let [texts @ .., context, _] = values;
    let mut plain = [Span::default(); IDENTITY_VALUES - 2];
    for (plain, value) in plain.iter_mut().zip(texts) {
        match walk::plain_text(index, text, value) {
            Some(text) => *plain = text,
            None => return Ok(None),
        }
    }
    let [kind, id, arn, account, ..] = plain;
    let mut issuer = Span::default();
    if !context.is_null(text) {
        let members = walk::value_members::<2, _>;
        match members(index, text, context, colons, &CONTEXT_KEYS)? {
            Some((_, [value, _])) => issuer = value,
            None if context.of(text) == b"{}" => {}
            None => return Ok(None),
        }
    }
    if !issuer.is_null(text) && issuer.of(text) != b"{}" {
        let is_session = kind.of(text) == identity_types::ASSUMED_ROLE.as_bytes()
            && text.get(issuer.start as usize) == Some(&b'{')
            && text.get(issuer.end as usize - 1) == Some(&b'}');
        let start = issuer.start - 1;
        return Ok(Some(if is_session {
            Span { start, ..issuer }
        } else {
            whole
        }));
    }
    let is_told_before = kind.end > 0 && account.end > kind.end.max(id.end).max(arn.end);
    Ok(Some(if is_told_before {
        Span {
            start: whole.start,
            end: account.end + 1,
        }
    } else {
        whole
    }))
}

/// The role of a session, if the issuer has its id, ARN and account: then nothing else of the session matters.
fn read_issuer(issuer: &[u8], activity: &mut Activity) -> Caller {
    let Ok(issuer) = serde_json::from_slice::<SessionIssuer<'_>>(issuer) else {
        return Caller::Odd;
    };
    let session = UserIdentity {
        r#type: Some(Text::from(identity_types::ASSUMED_ROLE)),
        session_context: Some(SessionContext {
            session_issuer: Some(issuer),
        }),
        ..UserIdentity::default()
    };
    match Identity::of(&session) {
        Ok(role) if is_complete(&role) => intern(&role, activity),
        _ => Caller::Undecided,
    }
}

/// Reads a `userIdentity`, or only its start.
fn read_identity(
    json: &[u8],
    is_start: bool,
    activity: &mut Activity,
    reasons: &mut Reasons,
) -> Caller {
    let Ok(identity) = serde_json::from_slice::<UserIdentity<'_>>(json) else {
        return Caller::Odd;
    };
    let found = Identity::of(&identity);
    if is_start {
        let is_decided = match identity.r#type.as_deref() {
            // Else the user's name may tell more.
            Some(identity_types::USER) => found.as_ref().is_ok_and(is_complete),
            Some(identity_types::ROOT | identity_types::OTHER_ACCOUNT) => true,
            _ => false,
        };
        if !is_decided {
            return Caller::Undecided;
        }
    }
    match found {
        Ok(identity) => intern(&identity, activity),
        Err(Rejection::Malformed(_)) => Caller::Odd,
        Err(Rejection::SetAside(reason)) => Caller::SetAside(reasons.number(reason)),
    }
}

fn is_complete(identity: &Identity<'_>) -> bool {
    let principal = identity.principal();
    principal.unique_id.is_some() && principal.arn.is_some() && principal.account.is_some()
}

fn intern(identity: &Identity<'_>, activity: &mut Activity) -> Caller {
    match activity.intern_principal(identity.principal()) {
        Some(principal) => Caller::Principal(principal),
        None => Caller::Odd,
    }
}
