//! What counts of a `userIdentity`, found in one pass over its text; the rest is skipped, not built.
//!
//! What the pass cannot vouch for (escapes or other types where a text should be, a field twice) is odd: the plain reader
//! then reads the record again and decides.

use crate::record::event::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::scan::{Cursor, Irregular};
use crate::seen::Seen;

/// The fields that count of a `userIdentity`, of which there may be one each. Of a `sessionIssuer`, the first five.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Field {
    Type,
    PrincipalId,
    Arn,
    AccountId,
    UserName,
    InvokedBy,
    SessionContext,
}

/// What of a session's `userIdentity` tells whose it is, if its issuer does.
pub(crate) struct Session<'a, Issuer> {
    pub(crate) kind: Option<&'a [u8]>,
    pub(crate) issuer: Option<Issuer>,
}

/// Reads the object that is next as the `userIdentity` of a session. `issuer` reads the value of `sessionIssuer`, an
/// object.
pub(crate) fn session<'a, Issuer>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
    mut issuer: impl FnMut(&mut Cursor<'a>, &mut bool) -> Result<Issuer, Irregular>,
) -> Result<Session<'a, Issuer>, Irregular> {
    let mut session = Session {
        kind: None,
        issuer: None,
    };
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        let field = match key {
            b"type" => {
                *is_odd |= seen.twice(Field::Type as u32);
                session.kind = text(cursor, is_odd)?;
                return Ok(());
            }
            b"principalId" => Field::PrincipalId,
            b"arn" => Field::Arn,
            b"accountId" => Field::AccountId,
            b"userName" => Field::UserName,
            b"invokedBy" => Field::InvokedBy,
            b"sessionContext" => {
                *is_odd |= seen.twice(Field::SessionContext as u32);
                if cursor.peek() != Some(b'{') {
                    return skip_unless_null(cursor, is_odd);
                }
                let mut seen = Seen::default();
                return object(cursor, is_odd, |cursor, key, is_odd| {
                    if key != b"sessionIssuer" {
                        return cursor.skip_value();
                    }
                    *is_odd |= seen.twice(0);
                    if cursor.peek() != Some(b'{') {
                        return skip_unless_null(cursor, is_odd);
                    }
                    session.issuer = Some(issuer(cursor, is_odd)?);
                    Ok(())
                });
            }
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(field as u32);
        text(cursor, is_odd)?;
        Ok(())
    })?;
    Ok(session)
}

/// A text or null; anything else is odd.
#[inline(always)]
fn text<'a>(cursor: &mut Cursor<'a>, is_odd: &mut bool) -> Result<Option<&'a [u8]>, Irregular> {
    if cursor.peek() == Some(b'"') {
        cursor.advance(1);
        if let Some(text) = cursor.plain_string_tail() {
            return Ok(Some(text));
        }
        let text = cursor.string_tail()?;
        *is_odd |= text.has_escapes;
        return Ok(Some(text.bytes));
    }
    skip_unless_null(cursor, is_odd)?;
    Ok(None)
}

/// Goes past a null, or past something that is odd here.
#[inline(never)]
pub(crate) fn skip_unless_null(
    cursor: &mut Cursor<'_>,
    is_odd: &mut bool,
) -> Result<(), Irregular> {
    *is_odd |= cursor.peek() != Some(b'n');
    cursor.skip_value()
}

/// Reads the object that is next as a `userIdentity`.
pub(crate) fn user_identity<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<UserIdentity<'a>, Irregular> {
    let mut identity = UserIdentity::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        let (field, slot) = match key {
            b"type" => (Field::Type, &mut identity.r#type),
            b"principalId" => (Field::PrincipalId, &mut identity.principal_id),
            b"arn" => (Field::Arn, &mut identity.arn),
            b"accountId" => (Field::AccountId, &mut identity.account_id),
            b"userName" => (Field::UserName, &mut identity.user_name),
            b"invokedBy" => (Field::InvokedBy, &mut identity.invoked_by),
            b"sessionContext" => {
                *is_odd |= seen.twice(Field::SessionContext as u32);
                if cursor.peek() != Some(b'{') {
                    return skip_unless_null(cursor, is_odd);
                }
                identity.session_context = Some(session_context(cursor, is_odd)?);
                return Ok(());
            }
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(field as u32);
        *slot = owned_text(cursor, is_odd)?;
        Ok(())
    })?;
    Ok(identity)
}

fn session_context<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<SessionContext<'a>, Irregular> {
    let mut context = SessionContext::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        if key != b"sessionIssuer" {
            return cursor.skip_value();
        }
        *is_odd |= seen.twice(0);
        if cursor.peek() != Some(b'{') {
            return skip_unless_null(cursor, is_odd);
        }
        context.session_issuer = Some(session_issuer(cursor, is_odd)?);
        Ok(())
    })?;
    Ok(context)
}

pub(crate) fn session_issuer<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<SessionIssuer<'a>, Irregular> {
    let mut issuer = SessionIssuer::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        let (field, slot) = match key {
            b"type" => (Field::Type, &mut issuer.r#type),
            b"principalId" => (Field::PrincipalId, &mut issuer.principal_id),
            b"arn" => (Field::Arn, &mut issuer.arn),
            b"accountId" => (Field::AccountId, &mut issuer.account_id),
            b"userName" => (Field::UserName, &mut issuer.user_name),
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(field as u32);
        *slot = owned_text(cursor, is_odd)?;
        Ok(())
    })?;
    Ok(issuer)
}

/// Goes through the object that is next: `each` is given every key and goes past its value.
fn object<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
    mut each: impl FnMut(&mut Cursor<'a>, &[u8], &mut bool) -> Result<(), Irregular>,
) -> Result<(), Irregular> {
    cursor.expect(b'{')?;
    if cursor.peek() == Some(b'}') {
        cursor.advance(1);
        return Ok(());
    }
    loop {
        let key = cursor.string()?;
        cursor.expect(b':')?;
        *is_odd |= key.has_escapes;
        each(cursor, key.bytes, is_odd)?;
        match cursor.peek() {
            Some(b',') => cursor.advance(1),
            Some(b'}') => {
                cursor.advance(1);
                return Ok(());
            }
            _ => return Err(Irregular),
        }
    }
}

fn owned_text<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<Option<Text<'a>>, Irregular> {
    Ok(match text(cursor, is_odd)? {
        // The cursor checked it.
        Some(bytes) => std::str::from_utf8(bytes).ok().map(Text::from),
        None => None,
    })
}
