//! The fields of a CloudTrail record that count, as they stand in the JSON; others are skipped.
//!
//! Source: `CloudTrail` User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
//! element".

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use service_catalog::ConditionFields;

/// A string, borrowed from the JSON where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        text.0
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The JSON of a value that may be of any type, or the text of a table's cell. Whatever it is, the record can be read.
#[derive(Debug)]
pub(crate) struct Loose<'a>(Cow<'a, str>);

impl Loose<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that the JSON is, if it is one.
    pub(crate) fn text(&self) -> Option<Text<'_>> {
        serde_json::from_str(&self.0).ok()
    }
}

impl<'a> From<Cow<'a, str>> for Loose<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(Cow::Borrowed(json.get())))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventRecord<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
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
    #[serde(borrow)]
    pub(crate) recipient_account_id: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) read_only: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) management_event: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) resources: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) response_elements: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) addendum: Option<Loose<'a>>,
    /// Whether it is the row of a table without a column for access keys.
    #[serde(skip)]
    pub(crate) lacks_access_key: bool,
}

/// What `responseElements` says of an error. Some services put it there, and leave out `errorCode`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResponseError<'a> {
    #[serde(borrow)]
    error_code: Option<Loose<'a>>,
    #[serde(borrow)]
    error_message: Option<Loose<'a>>,
    #[serde(borrow)]
    message: Option<Loose<'a>>,
}

impl<'a> ResponseError<'a> {
    /// Whether the JSON of `responseElements` can be an error, by its bytes.
    #[inline]
    pub(crate) fn is_possible(response_elements: &[u8]) -> bool {
        static KEYS: LazyLock<[Finder<'static>; 2]> =
            LazyLock::new(|| [&b"\"errorCode\""[..], b"essage\""].map(Finder::new));
        let has = |key: &Finder<'_>| key.find(response_elements).is_some();
        response_elements.starts_with(b"{") && KEYS.iter().any(has)
    }

    pub(crate) fn parse(response_elements: &'a str) -> Option<Self> {
        if !Self::is_possible(response_elements.as_bytes()) {
            return None;
        }
        serde_json::from_str(response_elements).ok()
    }

    pub(crate) fn code(&self) -> Option<Text<'_>> {
        self.error_code.as_ref()?.text()
    }

    pub(crate) fn message(&self) -> Option<Text<'_>> {
        self.error_message
            .as_ref()
            .or(self.message.as_ref())?
            .text()
    }
}

/// What `responseElements` says of a sign-in to the console.
#[derive(Debug, Default, Deserialize)]
struct SignIn<'a> {
    #[serde(borrow, rename = "ConsoleLogin")]
    outcome: Option<Loose<'a>>,
}

/// Whether the JSON of `responseElements` says that a sign-in to the console failed.
pub(crate) fn is_failed_sign_in(response_elements: &str) -> bool {
    let response: SignIn<'_> = serde_json::from_str(response_elements).unwrap_or_default();
    let outcome = response.outcome.as_ref().and_then(Loose::text);
    outcome.is_some_and(|outcome| &*outcome == "Failure")
}

/// What `addendum` says of a record that was delivered late, or that corrects another one.
#[derive(Debug, Default, Deserialize)]
struct Addendum<'a> {
    #[serde(borrow)]
    reason: Option<Loose<'a>>,
}

/// Whether the JSON of an `addendum` says that the record corrects one that was delivered before.
pub(crate) fn is_correction(addendum: &str) -> bool {
    let addendum: Addendum<'_> = match serde_json::from_str(addendum) {
        Ok(found) if addendum.starts_with('{') => found,
        _ => return false,
    };
    let reason = addendum.reason.as_ref().and_then(Loose::text);
    reason.is_some_and(|reason| &*reason == "UPDATED_DATA")
}

/// The fields that only some records are asked for: calls that their name does not decide, and denials.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details<'a> {
    #[serde(borrow)]
    pub(crate) request_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) additional_event_data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error_message: Option<&'a RawValue>,
}

impl<'a> Details<'a> {
    /// Reads them from the JSON of a record that was parsed before. Fields that come twice tell nothing.
    pub(crate) fn parse(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The fields that the catalog's conditions look at.
    pub(crate) fn fields(&self) -> ConditionFields<'a> {
        let [parameters, data] =
            [self.request_parameters, self.additional_event_data].map(|raw| raw.map(RawValue::get));
        ConditionFields::new(parameters, data)
    }

    /// The `errorMessage`, if it is a string.
    pub(crate) fn error_message(&self) -> Option<Text<'a>> {
        serde_json::from_str(self.error_message?.get()).ok()
    }
}

#[derive(Debug, Default, Deserialize)]
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
    pub(crate) access_key_id: Option<Loose<'a>>,
    #[serde(borrow)]
    pub(crate) user_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) invoked_by: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "object")]
    pub(crate) session_context: Option<SessionContext<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionContext<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    pub(crate) session_issuer: Option<SessionIssuer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
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

/// An object or null, and nothing else: serde would take a list for a struct's fields in order.
fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ObjectVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields)).map(Some)
        }
    }

    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}
