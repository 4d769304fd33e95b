//! From JSON text to a policy document, with errors that name the place.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::document::{
    ActionElement, Condition, Effect, PolicyDocument, ResourceElement, ResourcePattern, Statement,
    Version,
};
use crate::{ActionPattern, Pattern};

/// What is wrong with a policy document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message} (line {line}, column {column})", Place(.path))]
pub struct PolicyError {
    path: String,
    message: String,
    line: usize,
    column: usize,
}

impl PolicyError {
    /// The element, as in `Statement[2].Action[0]`; empty for the document as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line, counted from 1; 0 where there is no text to point at.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column in bytes, counted from 1: where the parser stood when it saw the fault.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    pub(crate) fn not_utf8() -> Self {
        Self {
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

struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, "{}: ", self.0)
        }
    }
}

pub(crate) fn parse(json: &str) -> Result<PolicyDocument, PolicyError> {
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

/// Takes a key's value, unless the key was there before.
fn once<'de, A: MapAccess<'de>, T, S: DeserializeSeed<'de, Value = T>>(
    map: &mut A,
    slot: &mut Option<T>,
    name: &str,
    seed: S,
) -> Result<(), A::Error> {
    if slot.is_some() {
        // Taking the value keeps the reported place behind the key.
        map.next_value::<IgnoredAny>()?;
        return Err(A::Error::custom(format_args!(
            "the element {name} is there twice"
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
            statements.ok_or_else(|| A::Error::custom("there is no Statement element"))?;
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
    E::custom(format_args!("unknown element {key}; known here: {known}"))
}

/// A statement before the document's version is known, which may come behind it.
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
                    "a statement has either Action or NotAction",
                ));
            }
        };
        let resources = match (resource, not_resource) {
            (Some(texts), None) => Some((false, texts)),
            (None, Some(texts)) => Some((true, texts)),
            (None, None) if has_principal => None,
            _ => {
                return Err(A::Error::custom(
                    "a statement has either Resource or NotResource",
                ));
            }
        };
        Ok(RawStatement {
            statement: Statement {
                sid,
                effect: effect.ok_or_else(|| A::Error::custom("there is no Effect element"))?,
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
            "unknown version {other:?}; known: 2008-10-17, 2012-10-17"
        )),
    }
}

fn parse_effect(text: &str) -> Result<Effect, String> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(format!("an effect is Allow or Deny, not {other:?}")),
    }
}

fn parse_action(text: &str) -> Result<ActionPattern, String> {
    text.parse()
        .map_err(|error: crate::ActionPatternError| format!("{error} ({text:?})"))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "has the shape of the other text parsers"
)]
fn parse_text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// A JSON string that is parsed further.
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

/// One value, or a list of them.
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
        f.write_str(", or a list of such")
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
    fn errors_name_the_place() {
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
    fn elements_are_neither_missing_nor_twice_nor_unknown() {
        let statement = |body: &str| error(&format!("{{\"Statement\":{{{body}}}}}"));
        let cases = [
            (
                r#""Effect":"Allow","Action":"a:b","Resource":"*","Conditions":{}"#,
                "unknown element Conditions",
            ),
            (
                r#""Effect":"Allow","Effect":"Deny","Action":"a:b","Resource":"*""#,
                "Effect is there twice",
            ),
            (r#""Action":"a:b","Resource":"*""#, "no Effect"),
            (
                r#""Effect":"allow","Action":"a:b","Resource":"*""#,
                "Allow or Deny",
            ),
            (
                r#""Effect":"Allow","Resource":"*""#,
                "either Action or NotAction",
            ),
            (
                r#""Effect":"Allow","Action":"a:b","NotAction":"a:b","Resource":"*""#,
                "either Action",
            ),
            (
                r#""Effect":"Allow","Action":"a:b""#,
                "either Resource or NotResource",
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
    fn documents_are_whole() {
        for (json, expected) in [
            ("", "EOF"),
            ("[]", "expected a policy document"),
            ("{}", "no Statement"),
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
