//! The values of one row of a table, by their meaning in a record.

use std::borrow::Cow;

use crate::formats::engine_time;
use crate::record::event::{EventRecord, Loose, SessionContext, SessionIssuer, Text, UserIdentity};

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
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
    ErrorMessage,
    /// This and the next two as JSON.
    RequestParameters,
    AdditionalEventData,
    ResponseElements,
    RecipientAccountId,
    ReadOnly,
    ManagementEvent,
    /// This and the next two as one text: see [`identity_text`](crate::formats::identity_text).
    UserIdentity,
    SessionContext,
    SessionIssuer,
    Type,
    PrincipalId,
    Arn,
    AccountId,
    AccessKeyId,
    UserName,
    InvokedBy,
    IssuerType,
    IssuerPrincipalId,
    IssuerArn,
    IssuerAccountId,
    IssuerUserName,
}

pub(crate) const COLUMNS: usize = Column::IssuerUserName as usize + 1;

impl Column {
    /// The columns that only some records are asked for. They can be large.
    pub(crate) const DETAILS: [Self; 4] = [
        Self::ErrorMessage,
        Self::RequestParameters,
        Self::AdditionalEventData,
        Self::ResponseElements,
    ];

    /// Returns the meaning of a column by its name: `eventTime`, `event_time`, `EVENTTIME`;
    /// `userIdentity.sessionContext.sessionIssuer.arn`, `useridentity_sessioncontext_sessionissuer_arn`,
    /// `sessionIssuer.arn`. Parts of `userIdentity` need a name that says so: a column `arn` could be of anything.
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
            "errormessage" => Self::ErrorMessage,
            "requestparameters" => Self::RequestParameters,
            "additionaleventdata" => Self::AdditionalEventData,
            "responseelements" => Self::ResponseElements,
            "recipientaccountid" => Self::RecipientAccountId,
            "readonly" => Self::ReadOnly,
            "managementevent" => Self::ManagementEvent,
            "useridentity" => Self::UserIdentity,
            "useridentitytype" => Self::Type,
            "useridentityprincipalid" => Self::PrincipalId,
            "useridentityarn" => Self::Arn,
            "useridentityaccountid" => Self::AccountId,
            "useridentityaccesskeyid" => Self::AccessKeyId,
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

/// The values of a row. Empty ones and `null` do not count.
#[derive(Debug, Default)]
pub(crate) struct Cells<'a>([Option<Cow<'a, str>>; COLUMNS]);

impl<'a> Cells<'a> {
    /// Sets a value. Returns whether there was none before.
    pub(crate) fn set(&mut self, field: Column, value: impl Into<Cow<'a, str>>) -> bool {
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

    pub(crate) fn get(&self, field: Column) -> Option<&str> {
        self.0.get(field as usize)?.as_deref()
    }

    pub(crate) fn take(&mut self, field: Column) -> Option<Cow<'a, str>> {
        self.0.get_mut(field as usize)?.take()
    }

    fn text(&mut self, field: Column) -> Option<Text<'a>> {
        self.take(field).map(Text::from)
    }

    pub(crate) fn clear_identity(&mut self) {
        for field in [
            Column::Type,
            Column::PrincipalId,
            Column::Arn,
            Column::AccountId,
            Column::AccessKeyId,
            Column::UserName,
            Column::InvokedBy,
        ] {
            self.take(field);
        }
        self.clear_issuer();
    }

    pub(crate) fn clear_issuer(&mut self) {
        for field in [
            Column::IssuerType,
            Column::IssuerPrincipalId,
            Column::IssuerArn,
            Column::IssuerAccountId,
            Column::IssuerUserName,
        ] {
            self.take(field);
        }
    }

    #[cfg(test)]
    pub(crate) fn values(&self) -> Vec<&str> {
        self.0.iter().flatten().map(AsRef::as_ref).collect()
    }

    pub(crate) fn record(mut self) -> EventRecord<'a> {
        EventRecord {
            user_identity: self.user_identity(),
            event_time: self
                .take(Column::EventTime)
                .map(engine_time::to_rfc3339)
                .map(Text::from),
            event_source: self.text(Column::EventSource),
            event_name: self.text(Column::EventName),
            aws_region: self.text(Column::AwsRegion),
            event_id: self.text(Column::EventId),
            event_type: self.text(Column::EventType),
            event_category: self.text(Column::EventCategory),
            error_code: self.text(Column::ErrorCode),
            recipient_account_id: self
                .take(Column::RecipientAccountId)
                .map(|account| Cow::Owned(format!("\"{account}\"")))
                .map(Loose::from),
            read_only: self.take(Column::ReadOnly).map(Loose::from),
            management_event: self.take(Column::ManagementEvent).map(Loose::from),
            resources: None,
            response_elements: self.take(Column::ResponseElements).map(Loose::from),
            addendum: None,
            lacks_access_key: false,
        }
    }

    fn user_identity(&mut self) -> Option<UserIdentity<'a>> {
        let issuer = SessionIssuer {
            r#type: self.text(Column::IssuerType),
            principal_id: self.text(Column::IssuerPrincipalId),
            arn: self.text(Column::IssuerArn),
            account_id: self.text(Column::IssuerAccountId),
            user_name: self.text(Column::IssuerUserName),
        };
        let has_issuer = issuer.r#type.is_some()
            || issuer.principal_id.is_some()
            || issuer.arn.is_some()
            || issuer.account_id.is_some()
            || issuer.user_name.is_some();
        let identity = UserIdentity {
            r#type: self.text(Column::Type),
            principal_id: self.text(Column::PrincipalId),
            arn: self.text(Column::Arn),
            account_id: self.text(Column::AccountId),
            access_key_id: self
                .take(Column::AccessKeyId)
                .map(|key| Cow::Owned(format!("\"{key}\"")))
                .map(Loose::from),
            user_name: self.text(Column::UserName),
            invoked_by: self.text(Column::InvokedBy),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_spelling() {
        for (names, field) in [
            (
                &["eventTime", "eventtime", "EVENT_TIME", "Event Time"][..],
                Column::EventTime,
            ),
            (&["eventID", "event_id"], Column::EventId),
            (&["eventJson"], Column::EventJson),
            (
                &[
                    "userIdentity.type",
                    "useridentity_type",
                    "user_identity_type",
                ],
                Column::Type,
            ),
            (
                &[
                    "userIdentity.sessionContext.sessionIssuer.arn",
                    "useridentity_sessioncontext_sessionissuer_arn",
                    "userIdentity.sessionIssuer.arn",
                    "session_issuer_arn",
                ],
                Column::IssuerArn,
            ),
            (
                &["sessioncontext", "userIdentity.sessionContext"],
                Column::SessionContext,
            ),
        ] {
            for name in names {
                assert_eq!(Column::named(name), Some(field), "{name}");
            }
        }
        for name in [
            "",
            "arn",
            "type",
            "resources.arn",
            "useridentity.credentialid",
            "sessionIssuer.path",
            "sessioncontextarn",
        ] {
            assert_eq!(Column::named(name), None, "{name}");
        }
    }
}
