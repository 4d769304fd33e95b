//! What counts of a `userIdentity`, found in one pass over its text; the rest is skipped, not built.
//!
//! What the pass cannot vouch for (escapes or other types where a text should be, a field twice) is odd: the plain reader
//! then reads the record again and decides.

use crate::record::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::scan::{Cursor, Irregular};
use crate::seen::Seen;

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
        let number = match key {
            b"type" => {
                *is_odd |= seen.twice(5);
                session.kind = text(cursor, is_odd)?;
                return Ok(());
            }
            b"principalId" => 0,
            b"arn" => 1,
            b"accountId" => 2,
            b"userName" => 3,
            b"invokedBy" => 4,
            b"sessionContext" => {
                *is_odd |= seen.twice(6);
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
        *is_odd |= seen.twice(number);
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
        let (number, field) = match key {
            b"type" => (0, &mut identity.r#type),
            b"principalId" => (1, &mut identity.principal_id),
            b"arn" => (2, &mut identity.arn),
            b"accountId" => (3, &mut identity.account_id),
            b"userName" => (4, &mut identity.user_name),
            b"invokedBy" => (5, &mut identity.invoked_by),
            b"sessionContext" => {
                *is_odd |= seen.twice(6);
                if cursor.peek() != Some(b'{') {
                    return skip_unless_null(cursor, is_odd);
                }
                identity.session_context = Some(session_context(cursor, is_odd)?);
                return Ok(());
            }
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(number);
        *field = owned_text(cursor, is_odd)?;
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
        let (number, field) = match key {
            b"type" => (0, &mut issuer.r#type),
            b"principalId" => (1, &mut issuer.principal_id),
            b"arn" => (2, &mut issuer.arn),
            b"accountId" => (3, &mut issuer.account_id),
            b"userName" => (4, &mut issuer.user_name),
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(number);
        *field = owned_text(cursor, is_odd)?;
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
