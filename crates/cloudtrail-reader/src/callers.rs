//! Who called: `userIdentity` objects, and what was worked out for the same bytes before.

use advisor_core::{Activity, AppearanceId};

use crate::fragments::{Fragments, hash_start};
use crate::identity_fields;
use crate::outcome::set_aside::Rejection;
use crate::reasons::Reasons;
use crate::record::event::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::record::identity::Identity;
use crate::scan::{Cursor, Irregular};

/// Who called, as far as it is no fault of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A user or role.
    Principal(AppearanceId),
    /// Someone else: the number of the reason.
    SetAside(usize),
    /// The plain reader is to say.
    Odd,
}

/// `userIdentity` objects: one session makes many calls, one role has many sessions.
#[derive(Debug)]
pub(crate) struct Callers {
    whole: Fragments<Caller>,
    /// `sessionIssuer` objects, and the role that they tell all of.
    issuers: Fragments<Option<AppearanceId>>,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            whole: Fragments::with_sets(512),
            issuers: Fragments::with_sets(512),
        }
    }
}

impl Callers {
    /// Reads the object that is next.
    #[inline]
    pub(crate) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Result<Caller, Irregular> {
        let place = self.whole.place(telling_hash(cursor.rest()));
        if let Some(caller) = self.whole.take(place, cursor) {
            return Ok(caller);
        }
        let start = cursor.at();
        if cursor.rest().starts_with(b"{\"type\":\"AssumedRole\",") {
            if let Some(caller) = self.read_session(cursor, activity)? {
                if let Caller::Principal(_) = caller {
                    let fragment = cursor.slice(start..cursor.at());
                    self.whole.keep_recurring(place, fragment, caller);
                }
                return Ok(caller);
            }
            cursor.go_to(start);
        }
        let caller = read_identity(cursor, activity, reasons)?;
        if caller != Caller::Odd {
            let fragment = cursor.slice(start..cursor.at());
            self.whole.keep(place, fragment, caller);
        }
        Ok(caller)
    }

    /// The role of a session, if the issuer alone tells it, as it mostly does.
    fn read_session(
        &mut self,
        cursor: &mut Cursor<'_>,
        activity: &mut Activity,
    ) -> Result<Option<Caller>, Irregular> {
        let issuers = &mut self.issuers;
        let mut is_odd = false;
        let session = identity_fields::session(cursor, &mut is_odd, |cursor, is_odd| {
            let place = issuers.place(telling_hash(cursor.rest()));
            if let Some(role) = issuers.take(place, cursor) {
                return Ok(role);
            }
            let start = cursor.at();
            let mut is_odd_issuer = false;
            let issuer = identity_fields::session_issuer(cursor, &mut is_odd_issuer)?;
            *is_odd |= is_odd_issuer;
            if is_odd_issuer {
                return Ok(None);
            }
            let role = role_of_issuer(issuer, activity);
            issuers.keep(place, cursor.slice(start..cursor.at()), role);
            Ok(role)
        })?;
        if is_odd {
            return Ok(Some(Caller::Odd));
        }
        Ok(match (session.kind, session.issuer) {
            (Some(b"AssumedRole"), Some(Some(role))) => Some(Caller::Principal(role)),
            _ => None,
        })
    }
}

/// What tells who is who: the id and, for a session, its name. Both stand near the front.
#[inline(always)]
fn telling_hash(text: &[u8]) -> u64 {
    const SESSION: &[u8] = b"{\"type\":\"AssumedRole\",";
    let inside = text.get(16..).unwrap_or_default();
    if text.starts_with(SESSION) {
        hash_start::<10>(0, inside)
    } else {
        // Nothing that is shorter tells who is who.
        hash_start::<4>(0, inside)
    }
}

/// The role, if id, ARN and account are all told: then nothing else of a session matters.
fn role_of_issuer(issuer: SessionIssuer<'_>, activity: &mut Activity) -> Option<AppearanceId> {
    let session = UserIdentity {
        r#type: Some(Text::from("AssumedRole")),
        session_context: Some(SessionContext {
            session_issuer: Some(issuer),
        }),
        ..UserIdentity::default()
    };
    let identity = Identity::of(&session).ok()?;
    let principal = identity.principal();
    let is_all =
        principal.unique_id.is_some() && principal.arn.is_some() && principal.account.is_some();
    if is_all {
        activity.intern_principal(principal)
    } else {
        None
    }
}

/// Reads any `userIdentity`.
fn read_identity(
    cursor: &mut Cursor<'_>,
    activity: &mut Activity,
    reasons: &mut Reasons,
) -> Result<Caller, Irregular> {
    let mut is_odd = false;
    let identity = identity_fields::user_identity(cursor, &mut is_odd)?;
    if is_odd {
        return Ok(Caller::Odd);
    }
    Ok(match Identity::of(&identity) {
        Ok(identity) => match activity.intern_principal(identity.principal()) {
            Some(principal) => Caller::Principal(principal),
            None => Caller::Odd,
        },
        Err(Rejection::Malformed(_)) => Caller::Odd,
        Err(Rejection::SetAside(reason)) => match reasons.number(reason) {
            Some(number) => Caller::SetAside(number),
            None => Caller::Odd,
        },
    })
}
