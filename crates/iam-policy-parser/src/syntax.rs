//! Parses policy documents from JSON, with errors that name the element, line and column.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::action::{ActionPattern, ActionPatternError};
use crate::document::{
    ActionElement, Condition, Effect, PolicyDocument, ResourceElement, ResourcePattern, Statement,
};
use crate::pattern::Pattern;
use crate::version::Version;

/// What is wrong with a policy document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message} (line {line}, column {column})", AtPath(.path))]
pub struct PolicyError {
    kind: PolicyErrorKind,
    path: String,
    message: String,
    line: usize,
    column: usize,
}

/// Kinds of [`PolicyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// The URL-encoded text is not UTF-8.
    Encoding,
    /// The text is not JSON, or ends too early.
    Json,
    /// The JSON is not a policy: an element is missing, unknown, repeated, or has a wrong value.
    Grammar,
}

impl PolicyError {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> PolicyErrorKind {
        self.kind
    }

    /// The element, as in `Statement[2].Action[0]`; empty for the document as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, without path, line and column.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line, counted from 1; 0 when the error has no position in the text.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column in bytes, counted from 1, at which the parser found the error.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    fn not_utf8() -> Self {
        Self {
            kind: PolicyErrorKind::Encoding,
            path: String::new(),
            message: "the URL-encoded document is not UTF-8".into(),
            line: 0,
            column: 0,
        }
    }

    fn new(path: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message = text.strip_suffix(&format!(" at line {line} column {column}"));
        Self {
            kind: if error.is_data() {
                PolicyErrorKind::Grammar
            } else {
                PolicyErrorKind::Json
            },
            path: if path == "." {
                String::new()
            } else {
                path.to_owned()
            },
            message: message.unwrap_or(&text).to_owned(),
            line,
            column,
        }
    }
}

struct AtPath<'a>(&'a str);

impl fmt::Display for AtPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, "{}: ", self.0)
        }
    }
}

impl PolicyDocument {
    /// Parses a document from JSON.
    ///
    /// # Errors
    /// Invalid JSON; a missing, unknown or repeated element; a wrong type or value; an action whose
    /// service part has a wildcard; both or neither of `Action` and `NotAction`, or of `Resource` and
    /// `NotResource`. The error has a JSON path (`Statement[2].Action[0]`), line and column.
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        parse(json)
    }

    /// Parses a document as IAM's API returns it: URL-encoded JSON (RFC 3986). Plain JSON is accepted
    /// too.
    ///
    /// # Errors
    /// As [`PolicyDocument::parse`], with positions in the decoded text; text that is not UTF-8.
    ///
    /// ```
    /// use iam_policy_parser::PolicyDocument;
    /// let policy = PolicyDocument::parse_url_encoded("%7B%22Statement%22%3A%5B%5D%7D")?;
    /// assert!(policy.statements.is_empty());
    /// # Ok::<(), iam_policy_parser::PolicyError>(())
    /// ```
    pub fn parse_url_encoded(text: &str) -> Result<Self, PolicyError> {
        let decoded = if text.trim_start().starts_with('{') {
            Cow::Borrowed(text)
        } else {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map_err(|_| PolicyError::not_utf8())?
        };
        parse(&decoded)
    }
}

fn parse(json: &str) -> Result<PolicyDocument, PolicyError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let document = match tracked.deserialize_map(DocumentVisitor) {
        Ok(document) => document,
        Err(error) => return Err(PolicyError::new(&track.path().to_string(), &error)),
    };
    deserializer
        .end()
        .map_err(|error| PolicyError::new("", &error))?;
    Ok(document)
}

/// Reads a key's value. Fails when the key occurred before.
fn once<'de, A: MapAccess<'de>, T, S: DeserializeSeed<'de, Value = T>>(
    map: &mut A,
    slot: &mut Option<T>,
    name: &str,
    seed: S,
) -> Result<(), A::Error> {
    if slot.is_some() {
        // Reading the value first makes the error point at this key.
        map.next_value::<IgnoredAny>()?;
        return Err(A::Error::custom(format_args!(
            "the element {name} occurs twice"
        )));
    }
    *slot = Some(map.next_value_seed(seed)?);
    Ok(())
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = PolicyDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyDocument, A::Error> {
        let (mut version, mut id, mut statements) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Version" => once(&mut map, &mut version, &key, Text(parse_version))?,
                "Id" => once(&mut map, &mut id, &key, PhantomData::<String>)?,
                "Statement" => once(&mut map, &mut statements, &key, OneOrMany(StatementSeed))?,
                _ => return Err(unknown(&key, "Version, Id, Statement")),
            }
        }
        let version = version.unwrap_or_default();
        let statements: Vec<RawStatement> =
            statements.ok_or_else(|| A::Error::custom("missing element Statement"))?;
        Ok(PolicyDocument {
            version,
            id,
            statements: statements
                .into_iter()
                .map(|raw| raw.compile(version))
                .collect(),
        })
    }
}

fn unknown<E: serde::de::Error>(key: &str, known: &str) -> E {
    E::custom(format_args!(
        "unknown element {key}; expected one of {known}"
    ))
}

/// A statement whose resources are not compiled yet: the document's `Version` may follow it.
struct RawStatement {
    statement: Statement,
    resources: Option<(bool, Vec<String>)>,
}

impl RawStatement {
    fn compile(self, version: Version) -> Statement {
        let resources = self.resources.map(|(negated, texts)| {
            let patterns = texts
                .into_iter()
                .map(|text| ResourcePattern {
                    pattern: Pattern::resource(&text, version),
                    text: text.into(),
                })
                .collect();
            if negated {
                ResourceElement::NotResource(patterns)
            } else {
                ResourceElement::Resource(patterns)
            }
        });
        Statement {
            resources,
            ..self.statement
        }
    }
}

#[derive(Clone, Copy)]
struct StatementSeed;

impl<'de> DeserializeSeed<'de> for StatementSeed {
    type Value = RawStatement;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawStatement, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StatementSeed {
    type Value = RawStatement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawStatement, A::Error> {
        const KNOWN: &str = "Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, \
                             NotResource, Condition";
        let (mut sid, mut effect, mut condition) = (None, None, None);
        let (mut action, mut not_action) = (None, None);
        let (mut resource, mut not_resource) = (None, None);
        let (mut principal, mut not_principal) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Sid" => once(&mut map, &mut sid, &key, PhantomData::<String>)?,
                "Effect" => once(&mut map, &mut effect, &key, Text(parse_effect))?,
                "Action" => once(&mut map, &mut action, &key, OneOrMany(Text(parse_action)))?,
                "NotAction" => {
                    once(
                        &mut map,
                        &mut not_action,
                        &key,
                        OneOrMany(Text(parse_action)),
                    )?;
                }
                "Resource" => once(&mut map, &mut resource, &key, OneOrMany(Text(parse_text)))?,
                "NotResource" => {
                    once(
                        &mut map,
                        &mut not_resource,
                        &key,
                        OneOrMany(Text(parse_text)),
                    )?;
                }
                "Condition" => once(&mut map, &mut condition, &key, PhantomData::<Condition>)?,
                "Principal" => once(&mut map, &mut principal, &key, PhantomData::<IgnoredAny>)?,
                "NotPrincipal" => {
                    once(
                        &mut map,
                        &mut not_principal,
                        &key,
                        PhantomData::<IgnoredAny>,
                    )?;
                }
                _ => return Err(unknown(&key, KNOWN)),
            }
        }
        let has_principal = principal.is_some() || not_principal.is_some();
        let actions = match (action, not_action) {
            (Some(patterns), None) => ActionElement::Action(patterns),
            (None, Some(patterns)) => ActionElement::NotAction(patterns),
            _ => {
                return Err(A::Error::custom(
                    "expected exactly one of Action and NotAction",
                ));
            }
        };
        let resources = match (resource, not_resource) {
            (Some(texts), None) => Some((false, texts)),
            (None, Some(texts)) => Some((true, texts)),
            (None, None) if has_principal => None,
            _ => {
                return Err(A::Error::custom(
                    "expected exactly one of Resource and NotResource",
                ));
            }
        };
        Ok(RawStatement {
            statement: Statement {
                sid,
                effect: effect.ok_or_else(|| A::Error::custom("missing element Effect"))?,
                actions,
                resources: None,
                condition: condition.filter(|condition: &Condition| !condition.is_empty()),
                has_principal,
            },
            resources,
        })
    }
}

fn parse_version(text: &str) -> Result<Version, String> {
    match text {
        "2012-10-17" => Ok(Version::V2012_10_17),
        "2008-10-17" => Ok(Version::V2008_10_17),
        other => Err(format!(
            "unknown version {other:?}; expected 2008-10-17 or 2012-10-17"
        )),
    }
}

fn parse_effect(text: &str) -> Result<Effect, String> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(format!("expected Allow or Deny, found {other:?}")),
    }
}

fn parse_action(text: &str) -> Result<ActionPattern, String> {
    text.parse()
        .map_err(|error: ActionPatternError| format!("{error} ({text:?})"))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "same signature as the other text parsers"
)]
fn parse_text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// A JSON string that the function parses.
struct Text<T>(fn(&str) -> Result<T, String>);

impl<T> Clone for Text<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Text<T> {}

impl<'de, T> DeserializeSeed<'de> for Text<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// One value or a list of values.
struct OneOrMany<S>(S);

impl<'de, T, S> DeserializeSeed<'de> for OneOrMany<S>
where
    S: DeserializeSeed<'de, Value = T> + Visitor<'de, Value = T> + Copy,
{
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, S> Visitor<'de> for OneOrMany<S>
where
    S: DeserializeSeed<'de, Value = T> + Visitor<'de, Value = T> + Copy,
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)?;
        f.write_str(" or a list of them")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![self.0.visit_str(text)?])
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        Ok(vec![self.0.visit_map(map)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.0)? {
            values.push(value);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        parse(json).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_element_line_and_column() {
        assert_eq!(
            error(
                "{\"Statement\": [\n\
                 {\"Effect\": \"Allow\", \"Action\": \"s3:Get\", \"Resource\": \"*\"},\n\
                 {\"Effect\": \"Deny\", \"Action\": [\"s3:*\", \"s*:Get\"], \"Resource\": \"*\"}]}"
            ),
            "Statement[1].Action[1]: Action vendors (e.g., aws, ec2, etc.) must not contain \
             wildcards. (\"s*:Get\") (line 3, column 46)"
        );
    }

    #[test]
    fn missing_repeated_and_unknown_elements_are_errors() {
        let statement = |body: &str| error(&format!("{{\"Statement\":{{{body}}}}}"));
        let cases = [
            (
                r#""Effect":"Allow","Action":"a:b","Resource":"*","Conditions":{}"#,
                "unknown element Conditions",
            ),
            (
                r#""Effect":"Allow","Effect":"Deny","Action":"a:b","Resource":"*""#,
                "Effect occurs twice",
            ),
            (r#""Action":"a:b","Resource":"*""#, "missing element Effect"),
            (
                r#""Effect":"allow","Action":"a:b","Resource":"*""#,
                "expected Allow or Deny",
            ),
            (
                r#""Effect":"Allow","Resource":"*""#,
                "exactly one of Action and NotAction",
            ),
            (
                r#""Effect":"Allow","Action":"a:b","NotAction":"a:b","Resource":"*""#,
                "exactly one of Action",
            ),
            (
                r#""Effect":"Allow","Action":"a:b""#,
                "exactly one of Resource and NotResource",
            ),
            (
                r#""Effect":"Allow","Action":7,"Resource":"*""#,
                "expected a string",
            ),
            (
                r#""Effect":"Allow","Action":[["a:b"]],"Resource":"*""#,
                "expected a string",
            ),
            (
                r#""Effect":"Allow","Action":"a:b","Resource":"*","Condition":[]"#,
                "expected a map",
            ),
        ];
        for (body, expected) in cases {
            let message = statement(body);
            assert!(message.contains(expected), "{body}: {message}");
            assert!(message.starts_with("Statement"), "{message}");
        }
    }

    #[test]
    fn incomplete_documents_are_errors() {
        for (json, expected) in [
            ("", "EOF"),
            ("[]", "expected a policy document"),
            ("{}", "missing element Statement"),
            ("{\"Statement\":[]} x", "trailing characters"),
            (
                "{\"Statement\":[],\"Version\":\"2012-10-18\"}",
                "unknown version",
            ),
            ("{\"Statement\":[", "EOF"),
        ] {
            assert!(error(json).contains(expected), "{json}: {}", error(json));
        }
    }

    #[test]
    fn the_version_may_come_last() {
        let json = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::${aws:username}/*"},"Version":"2012-10-17"}"#;
        let document = parse(json).unwrap();
        let Some(ResourceElement::Resource(resources)) = &document.statements[0].resources else {
            panic!("a Resource element");
        };
        assert!(resources[0].pattern.has_variable());
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!(
            "{{\"Statement\":{{\"Condition\":{}{}}}}}",
            "{\"a\":".repeat(100_000),
            "}".repeat(100_000)
        );
        assert!(error(&deep).contains("recursion limit"), "{}", error(&deep));
    }
}
