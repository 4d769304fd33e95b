//! Which columns of a table are which fields of a record, and how a row becomes a record.
//!
//! The layouts are those of Athena's documented CloudTrail table and of CloudTrail Lake's event data stores, as they are
//! and as people select from them. Sources: Athena User Guide, "Create a table for CloudTrail logs"; `CloudTrail` User
//! Guide, "Supported SQL schemas for event data stores".

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, SecondsFormat};

use crate::identity_text;
use crate::object::{Entry, ObjectError};
use crate::record::event::{EventRecord, SessionContext, SessionIssuer, Text, UserIdentity};

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The whole record, as JSON.
    EventJson,
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    EventId,
    EventType,
    EventCategory,
    ErrorCode,
    /// The next three as texts of many values: see [`identity_text`].
    UserIdentity,
    SessionContext,
    SessionIssuer,
    Type,
    PrincipalId,
    Arn,
    AccountId,
    UserName,
    InvokedBy,
    IssuerType,
    IssuerPrincipalId,
    IssuerArn,
    IssuerAccountId,
    IssuerUserName,
}

const FIELDS: usize = Field::IssuerUserName as usize + 1;

impl Field {
    /// The field that a column of this name holds: `eventTime`, `event_time`, `EVENTTIME`;
    /// `userIdentity.sessionContext.sessionIssuer.arn`, `useridentity_sessioncontext_sessionissuer_arn`,
    /// `sessionIssuer.arn`. What is inside `userIdentity` needs a name that says so: a column `arn` may be anything's.
    pub(crate) fn named(column: &str) -> Option<Self> {
        const LONGEST: usize = 128;
        if column.len() > LONGEST {
            return None;
        }
        let letters: String = column
            .chars()
            .filter(|letter| !matches!(letter, '.' | '_' | ' '))
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        Some(match letters.as_str() {
            "eventjson" => Self::EventJson,
            "eventtime" => Self::EventTime,
            "eventsource" => Self::EventSource,
            "eventname" => Self::EventName,
            "awsregion" => Self::AwsRegion,
            "eventid" => Self::EventId,
            "eventtype" => Self::EventType,
            "eventcategory" => Self::EventCategory,
            "errorcode" => Self::ErrorCode,
            "useridentity" => Self::UserIdentity,
            "useridentitytype" => Self::Type,
            "useridentityprincipalid" => Self::PrincipalId,
            "useridentityarn" => Self::Arn,
            "useridentityaccountid" => Self::AccountId,
            "useridentityusername" => Self::UserName,
            "useridentityinvokedby" => Self::InvokedBy,
            other => {
                let inside = other.strip_prefix("useridentity").unwrap_or(other);
                if inside == "sessioncontext" {
                    return Some(Self::SessionContext);
                }
                let inside = inside.strip_prefix("sessioncontext").unwrap_or(inside);
                match inside.strip_prefix("sessionissuer")? {
                    "" => Self::SessionIssuer,
                    "type" => Self::IssuerType,
                    "principalid" => Self::IssuerPrincipalId,
                    "arn" => Self::IssuerArn,
                    "accountid" => Self::IssuerAccountId,
                    "username" => Self::IssuerUserName,
                    _ => return None,
                }
            }
        })
    }
}

/// The columns of a table that count.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    has: [bool; FIELDS],
}

impl Columns {
    /// The columns of these names, and the field of each. `table` says what it is that has them: "a CSV".
    pub(crate) fn of<'n>(
        table: &'static str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<(Self, Vec<Option<Field>>), ObjectError> {
        let mut has = [false; FIELDS];
        let mut fields = Vec::new();
        for name in names.clone() {
            let field = Field::named(name);
            if let Some(slot) = field.and_then(|field| has.get_mut(field as usize)) {
                if *slot {
                    return Err(ObjectError::TwoColumns {
                        table,
                        column: shortened(name).to_owned(),
                    });
                }
                *slot = true;
            }
            fields.push(field);
        }
        let columns = Self { has };
        let missing = columns.missing();
        if missing.is_empty() {
            return Ok((columns, fields));
        }
        Err(ObjectError::Columns {
            table,
            missing: missing.join(", "),
            found: listed(names),
        })
    }

    fn has(&self, field: Field) -> bool {
        self.has.get(field as usize).copied().unwrap_or_default()
    }

    /// What a record cannot do without. Without the `eventType`, sign-ins would count as calls. The `errorCode` is not
    /// among them: tables made from JSON have no such column where nothing failed.
    fn missing(&self) -> Vec<&'static str> {
        if self.has(Field::EventJson) {
            return Vec::new();
        }
        let needed = [
            (Field::EventTime, "eventTime"),
            (Field::EventSource, "eventSource"),
            (Field::EventName, "eventName"),
            (Field::AwsRegion, "awsRegion"),
            (Field::EventType, "eventType"),
        ];
        let mut missing: Vec<_> = needed
            .iter()
            .filter(|(field, _)| !self.has(*field))
            .map(|(_, name)| *name)
            .collect();
        if !self.has(Field::UserIdentity) {
            let has_parts = self.has(Field::Type)
                || self.has(Field::PrincipalId)
                || self.has(Field::Arn)
                || self.has(Field::UserName);
            if !has_parts {
                missing.push("userIdentity (or userIdentity_type, userIdentity_principalId, ...)");
            } else if !self.has(Field::Type) {
                missing.push("userIdentity_type");
            } else if !self.has(Field::PrincipalId) && !self.has(Field::Arn) {
                missing.push("userIdentity_principalId or userIdentity_arn");
            }
        }
        missing
    }

    /// The record in a row.
    pub(crate) fn entry<'a>(&self, mut cells: Cells<'a>) -> Entry<'a> {
        if let Some(json) = cells.take(Field::EventJson) {
            return Entry::Json(json);
        }
        if let Err(reason) = self.read_identity(&mut cells) {
            return Entry::Broken(reason);
        }
        Entry::Fields(Box::new(cells.record()))
    }

    /// Puts the parts of `userIdentity` where they belong. Of the texts of many values the outermost counts, and columns
    /// of single values count where there is none.
    fn read_identity(&self, cells: &mut Cells<'_>) -> Result<(), String> {
        let whole = cells.take(Field::UserIdentity);
        let context = cells.take(Field::SessionContext);
        let issuer = cells.take(Field::SessionIssuer);
        if self.has(Field::UserIdentity) {
            cells.clear_identity();
            return match whole {
                Some(text) => identity_text::read(text, Field::UserIdentity, cells),
                None => Ok(()),
            };
        }
        if self.has(Field::SessionContext) {
            cells.clear_issuer();
            if let Some(text) = context {
                identity_text::read(text, Field::SessionContext, cells)?;
            }
        } else if self.has(Field::SessionIssuer) {
            cells.clear_issuer();
            if let Some(text) = issuer {
                identity_text::read(text, Field::SessionIssuer, cells)?;
            }
        } else if cells.get(Field::Type) == Some("FederatedUser")
            && !self.has(Field::IssuerPrincipalId)
            && !self.has(Field::IssuerArn)
        {
            return Err("a FederatedUser, and no column tells its sessionIssuer".into());
        }
        if cells.get(Field::Type) == Some("AWSAccount") && !self.has(Field::PrincipalId) {
            return Err("an AWSAccount, and no column tells its userIdentity.principalId".into());
        }
        Ok(())
    }
}

/// The values of a row, by field. Empty and `null` are no values.
#[derive(Debug, Default)]
pub(crate) struct Cells<'a>([Option<Cow<'a, str>>; FIELDS]);

impl<'a> Cells<'a> {
    /// Keeps a value. The answer is whether there was none before.
    pub(crate) fn set(&mut self, field: Field, value: impl Into<Cow<'a, str>>) -> bool {
        let value = value.into();
        match self.0.get_mut(field as usize) {
            Some(Some(_)) => false,
            Some(cell) if !value.is_empty() && value != "null" => {
                *cell = Some(value);
                true
            }
            _ => true,
        }
    }

    fn get(&self, field: Field) -> Option<&str> {
        self.0.get(field as usize)?.as_deref()
    }

    fn take(&mut self, field: Field) -> Option<Cow<'a, str>> {
        self.0.get_mut(field as usize)?.take()
    }

    fn text(&mut self, field: Field) -> Option<Text<'a>> {
        self.take(field).map(Text::from)
    }

    fn clear_identity(&mut self) {
        for field in [
            Field::Type,
            Field::PrincipalId,
            Field::Arn,
            Field::AccountId,
            Field::UserName,
            Field::InvokedBy,
        ] {
            self.take(field);
        }
        self.clear_issuer();
    }

    fn clear_issuer(&mut self) {
        for field in [
            Field::IssuerType,
            Field::IssuerPrincipalId,
            Field::IssuerArn,
            Field::IssuerAccountId,
            Field::IssuerUserName,
        ] {
            self.take(field);
        }
    }

    #[cfg(test)]
    pub(crate) fn values(&self) -> Vec<&str> {
        self.0.iter().flatten().map(AsRef::as_ref).collect()
    }

    fn record(mut self) -> EventRecord<'a> {
        EventRecord {
            user_identity: self.user_identity(),
            event_time: self.take(Field::EventTime).map(time).map(Text::from),
            event_source: self.text(Field::EventSource),
            event_name: self.text(Field::EventName),
            aws_region: self.text(Field::AwsRegion),
            event_id: self.text(Field::EventId),
            event_type: self.text(Field::EventType),
            event_category: self.text(Field::EventCategory),
            error_code: self.text(Field::ErrorCode),
        }
    }

    fn user_identity(&mut self) -> Option<UserIdentity<'a>> {
        let issuer = SessionIssuer {
            r#type: self.text(Field::IssuerType),
            principal_id: self.text(Field::IssuerPrincipalId),
            arn: self.text(Field::IssuerArn),
            account_id: self.text(Field::IssuerAccountId),
            user_name: self.text(Field::IssuerUserName),
        };
        let has_issuer = issuer.r#type.is_some()
            || issuer.principal_id.is_some()
            || issuer.arn.is_some()
            || issuer.account_id.is_some()
            || issuer.user_name.is_some();
        let identity = UserIdentity {
            r#type: self.text(Field::Type),
            principal_id: self.text(Field::PrincipalId),
            arn: self.text(Field::Arn),
            account_id: self.text(Field::AccountId),
            user_name: self.text(Field::UserName),
            invoked_by: self.text(Field::InvokedBy),
            session_context: has_issuer.then_some(SessionContext {
                session_issuer: Some(issuer),
            }),
        };
        let has_any = has_issuer
            || identity.r#type.is_some()
            || identity.principal_id.is_some()
            || identity.arn.is_some()
            || identity.account_id.is_some()
            || identity.user_name.is_some()
            || identity.invoked_by.is_some();
        has_any.then_some(identity)
    }
}

/// A time as query engines write it, as RFC 3339 or what is as good. Anything else stays as it is, to be refused with
/// the record: `2026-10-01 12:00:00.000`, the same with ` UTC`, ` +00:00` or `+00` after it, and the time since 1970
/// in seconds, milliseconds, microseconds or nanoseconds, which the number of digits tells apart.
pub(crate) fn time(text: Cow<'_, str>) -> Cow<'_, str> {
    if let Ok(number) = text.parse::<i64>() {
        let millis = match text.len() {
            10 => number.checked_mul(1_000),
            13 => Some(number),
            16 => Some(number.div_euclid(1_000)),
            19 => Some(number.div_euclid(1_000_000)),
            _ => None,
        };
        return millis.and_then(from_millis).map_or(text, Cow::Owned);
    }
    if let Some(utc) = text.strip_suffix(" UTC") {
        return Cow::Owned(format!("{utc}Z"));
    }
    let spelled = match text.rsplit_once(['+', '-']) {
        Some((before, offset)) if before.contains(':') => {
            let sign = if text.as_bytes().get(before.len()) == Some(&b'-') {
                '-'
            } else {
                '+'
            };
            let minutes = if offset.len() == 2 { ":00" } else { "" };
            Some(format!("{}{sign}{offset}{minutes}", before.trim_end()))
        }
        _ => None,
    };
    spelled.map_or(text, Cow::Owned)
}

/// RFC 3339 for milliseconds since 1970.
pub(crate) fn from_millis(millis: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(millis)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Some names for an error.
fn listed<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 12;
    let shown: Vec<_> = names.by_ref().take(MOST).map(shortened).collect();
    let mut listed = shown.join(", ");
    let others = names.count();
    if others > 0 {
        // Writing to a String cannot fail.
        _ = write!(listed, " and {others} more");
    }
    if listed.is_empty() {
        listed.push_str("none");
    }
    listed
}

fn shortened(name: &str) -> &str {
    const LONGEST: usize = 48;
    name.char_indices()
        .nth(LONGEST)
        .and_then(|(end, _)| name.get(..end))
        .unwrap_or(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_spelling() {
        for (names, field) in [
            (
                &["eventTime", "eventtime", "EVENT_TIME", "Event Time"][..],
                Field::EventTime,
            ),
            (&["eventID", "event_id"], Field::EventId),
            (&["eventJson"], Field::EventJson),
            (
                &[
                    "userIdentity.type",
                    "useridentity_type",
                    "user_identity_type",
                ],
                Field::Type,
            ),
            (
                &[
                    "userIdentity.sessionContext.sessionIssuer.arn",
                    "useridentity_sessioncontext_sessionissuer_arn",
                    "userIdentity.sessionIssuer.arn",
                    "session_issuer_arn",
                ],
                Field::IssuerArn,
            ),
            (
                &["sessioncontext", "userIdentity.sessionContext"],
                Field::SessionContext,
            ),
        ] {
            for name in names {
                assert_eq!(Field::named(name), Some(field), "{name}");
            }
        }
        for name in [
            "",
            "arn",
            "type",
            "resources.arn",
            "useridentity.accesskeyid",
            "sessionIssuer.path",
            "sessioncontextarn",
        ] {
            assert_eq!(Field::named(name), None, "{name}");
        }
    }

    #[test]
    fn times_as_engines_write_them() {
        let expected = advisor_core::time::parse("2026-10-01T12:00:00Z").unwrap();
        for text in [
            "2026-10-01T12:00:00Z",
            "2026-10-01 12:00:00",
            "2026-10-01 12:00:00.000",
            "2026-10-01 12:00:00.000000",
            "2026-10-01 12:00:00.000 UTC",
            "2026-10-01 12:00:00 UTC",
            "2026-10-01 14:00:00.000 +02:00",
            "2026-10-01 07:00:00 -05:00",
            "2026-10-01 12:00:00+00",
            "2026-10-01 07:00:00.000-05",
            "2026-10-01T12:00:00+00:00",
            "1790856000",
            "1790856000000",
            "1790856000000000",
            "1790856000000000000",
        ] {
            let parsed = advisor_core::time::parse(&time(text.into()));
            assert_eq!(parsed, Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-10-01",
            "12:00:00",
            "179085600",
            "99999999999999999999",
            "2026-10-01 12:00:00 Europe/Berlin",
            " UTC",
        ] {
            let parsed = advisor_core::time::parse(&time(text.into()));
            assert_eq!(parsed, None, "{text}");
        }
    }
}
