//! The fields of a CloudTrail record that count, as they stand in the JSON; others are skipped.
//!
//! Source: `CloudTrail` User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
//! element".

use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;

/// A string, borrowed from the JSON where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventRecord<'a> {
    #[serde(borrow)]
    pub(crate) user_identity: Option<UserIdentity<'a>>,
    #[serde(borrow)]
    pub(crate) event_time: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) event_source: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) event_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) aws_region: Option<Text<'a>>,
    #[serde(borrow, rename = "eventID")]
    pub(crate) event_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) event_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) event_category: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) error_code: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserIdentity<'a> {
    #[serde(borrow)]
    pub(crate) r#type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) principal_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) account_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) user_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) invoked_by: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) session_context: Option<SessionContext<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionContext<'a> {
    #[serde(borrow)]
    pub(crate) session_issuer: Option<SessionIssuer<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionIssuer<'a> {
    #[serde(borrow)]
    pub(crate) r#type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) principal_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) account_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) user_name: Option<Text<'a>>,
}
