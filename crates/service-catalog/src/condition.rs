//! Conditions on the fields of a CloudTrail record, and how they are evaluated.
//!
//! A condition is a list of tests, and it holds when one of them does. The text of a test is a path and a check:
//!
//! | test | holds when |
//! | --- | --- |
//! | `requestParameters.versionId` | the field is there and not empty, `null` or a boolean |
//! | `requestParameters.tags[]` | the field is a list or object that is not empty, or a text of one: JSON, or `key=value` |
//! | `additionalEventData.service=application-autoscaling` | the field is this text, number or boolean; ASCII case does not matter |
//! | `requestParameters.statement^INSERT` | the text starts with this word, after comments; ASCII case does not matter |
//! | `requestParameters.x-amz-copy-source~versionId=` | the text contains this text |
//! | `requestParameters.resourceArn@backup-search` | the text is an ARN of this service |
//! | `requestParameters.**@iam:role/` | ... whose resource part starts with `role/` |
//!
//! A path starts with `requestParameters` or `additionalEventData`. A name in it matches field names in any ASCII case, and may
//! start with `*` for any beginning. `**` stands for any number of fields. Arrays are looked through.
//!
//! Where a test after a `?` holds, the record does not tell, unless another test holds: `?requestParameters.launchTemplate`, since
//! tags and roles can stand in the template.
//!
//! What a record left out decides nothing: see [`ConditionVerdict::Unknown`].

use std::cell::OnceCell;
use std::sync::LazyLock;

use memchr::memmem;
use serde_json::Value;

/// What conditions look at in a CloudTrail record: the JSON texts of two of its fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConditionFields<'r> {
    request_parameters: Option<&'r str>,
    additional_event_data: Option<&'r str>,
}

impl<'r> ConditionFields<'r> {
    /// The JSON texts of `requestParameters` and `additionalEventData`; `None` for a field that the record lacks.
    #[must_use]
    pub fn new(
        request_parameters: Option<&'r str>,
        additional_event_data: Option<&'r str>,
    ) -> Self {
        Self {
            request_parameters,
            additional_event_data,
        }
    }
}

/// Whether a condition holds for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionVerdict {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// The record does not tell: `requestParameters` is missing or `null`, as for some denied calls; CloudTrail left it out,
    /// as more than 100 KB (`"omitted": true`); it is no object and no JSON of one; or a value that the condition looks at is
    /// hidden (`HIDDEN_DUE_TO_SECURITY_REASONS`, `****`).
    Unknown,
}

/// A named condition on the fields of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCondition {
    name: Box<str>,
    tests: Box<[Test]>,
    /// How the field names that the tests look for end: few others do. Empty if one is shorter.
    ends: Box<[u32]>,
}

/// Which fields of a record a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FieldsNeeded {
    /// `requestParameters`.
    pub request_parameters: bool,
    /// `additionalEventData`.
    pub additional_event_data: bool,
}

impl FieldsNeeded {
    /// Whether any field is needed.
    #[must_use]
    pub fn any(self) -> bool {
        self.request_parameters || self.additional_event_data
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.request_parameters |= other.request_parameters;
        self.additional_event_data |= other.additional_event_data;
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    text: Box<str>,
    /// Whether the record does not tell where it holds.
    is_doubt: bool,
    field: TestedField,
    path: Box<[Segment]>,
    check: Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestedField {
    RequestParameters,
    AdditionalEventData,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Name(Box<str>),
    Ending(Box<str>),
    AnyDepth,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Check {
    Present,
    Entries,
    Equals(Box<str>),
    FirstWord(Box<str>),
    Contains(Box<str>),
    ArnOf {
        service: Box<str>,
        resource_start: Box<str>,
    },
}

impl RecordCondition {
    /// Reads a condition from the texts of its tests. `None` when there is none or one is not a test.
    pub(crate) fn parse<'t>(name: &str, tests: impl Iterator<Item = &'t str>) -> Option<Self> {
        let tests: Box<[Test]> = tests.map(Test::parse).collect::<Option<_>>()?;
        (!tests.is_empty()).then(|| Self {
            name: name.into(),
            ends: ends(&tests).unwrap_or_default(),
            tests,
        })
    }

    /// The name in the catalog, for instance `role`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The texts of the tests; the condition holds when one of them does.
    pub fn tests(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tests.iter().map(|test| &*test.text)
    }

    /// The fields that the condition looks at.
    #[must_use]
    pub fn fields_needed(&self) -> FieldsNeeded {
        let mut needed = FieldsNeeded::default();
        for test in &self.tests {
            match test.field {
                TestedField::RequestParameters => needed.request_parameters = true,
                TestedField::AdditionalEventData => needed.additional_event_data = true,
            }
        }
        needed
    }

    /// Whether the condition holds for a record.
    #[must_use]
    pub fn evaluate(&self, fields: &ConditionFields<'_>) -> ConditionVerdict {
        self.evaluate_parsed(&ParsedFields::new(fields))
    }

    /// False when all tests fail for fields of this JSON: nothing has to be parsed to see that.
    pub(crate) fn may_hold(&self, request_parameters: &[u8], additional_event_data: &[u8]) -> bool {
        let may_hold = |field, text| {
            self.has_tests_of(field)
                && !is_nothing(text)
                && self.possible_tests(field, text).next().is_some()
        };
        may_hold(TestedField::RequestParameters, request_parameters)
            || may_hold(TestedField::AdditionalEventData, additional_event_data)
    }

    fn has_tests_of(&self, field: TestedField) -> bool {
        self.tests.iter().any(|test| test.field == field)
    }

    /// The tests of a field that can hold for its JSON, which is read once for all of them. Most records do not have the names
    /// that the tests look for; one with escapes is none.
    fn possible_tests(&self, field: TestedField, text: &[u8]) -> impl Iterator<Item = &Test> {
        let is_whole = is_whole(text);
        let names = names_before_colons(text).filter(|name| {
            let end = name.last_chunk();
            self.ends.is_empty() || end.is_none_or(|end| self.ends.contains(&folded(*end)))
        });
        let names: Vec<&[u8]> = if is_whole {
            names.collect()
        } else {
            Vec::new()
        };
        let tests = self.tests.iter().filter(move |test| test.field == field);
        tests.filter(move |test| !is_whole || test.may_hold(text, &names))
    }

    pub(crate) fn evaluate_parsed(&self, fields: &ParsedFields<'_>) -> ConditionVerdict {
        let fields = [
            (TestedField::RequestParameters, &fields.request),
            (TestedField::AdditionalEventData, &fields.additional),
        ];
        let verdicts = fields.map(|(field, parsed)| self.evaluate_field(field, parsed));
        any(verdicts).unwrap_or(ConditionVerdict::No)
    }

    /// What the tests of a field say; `None` if there are none.
    fn evaluate_field(
        &self,
        field: TestedField,
        parsed: &ParsedField<'_>,
    ) -> Option<ConditionVerdict> {
        if !self.has_tests_of(field) {
            return None;
        }
        let Some(text) = parsed.text else {
            return Some(match field {
                TestedField::RequestParameters => ConditionVerdict::Unknown,
                // CloudTrail writes this field only where there is something to say.
                TestedField::AdditionalEventData => ConditionVerdict::No,
            });
        };
        let mut tests = self.possible_tests(field, text.as_bytes()).peekable();
        if tests.peek().is_none() {
            return Some(ConditionVerdict::No);
        }
        match parsed.value.get_or_init(|| parse(text)) {
            Some(value) => any(tests.map(|test| Some(test.evaluate(value)))),
            None => Some(ConditionVerdict::Unknown),
        }
    }
}

impl Test {
    fn parse(text: &str) -> Option<Self> {
        let doubt = text.strip_prefix('?');
        let test = doubt.unwrap_or(text);
        let end = test.find(['=', '^', '~', '@', '[']).unwrap_or(test.len());
        let (path, check) = test.split_at_checked(end)?;
        let mut names = path.split('.');
        let field = match names.next()? {
            "requestParameters" => TestedField::RequestParameters,
            "additionalEventData" => TestedField::AdditionalEventData,
            _ => return None,
        };
        let path: Box<[Segment]> = names.map(Segment::parse).collect::<Option<_>>()?;
        let check = Check::parse(check)?;
        (!path.is_empty()).then(|| Self {
            text: text.into(),
            is_doubt: doubt.is_some(),
            field,
            path,
            check,
        })
    }

    /// The last field name of the path; `None` if any name will do.
    fn last_name(&self) -> Option<&str> {
        match self.path.last()? {
            Segment::Name(name) | Segment::Ending(name) => Some(name),
            Segment::AnyDepth => None,
        }
    }

    /// Whether a field with this name, as it ends in the JSON, can be the last one of the path.
    fn is_named(&self, name: &[u8]) -> bool {
        self.last_name().is_some_and(|wanted| {
            let start = name.len().checked_sub(wanted.len());
            start
                .and_then(|start| name.get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case(wanted.as_bytes()))
        })
    }

    /// False when the test fails for a field with this JSON, which has these names.
    fn may_hold(&self, text: &[u8], names: &[&[u8]]) -> bool {
        self.check.needs_text()
            || match self.last_name() {
                Some(_) => names.iter().any(|name| self.is_named(name)),
                None => self.check.may_hold(text),
            }
    }

    fn evaluate(&self, value: &Value) -> ConditionVerdict {
        match decide(value, &self.path, &self.check) {
            Some(ConditionVerdict::Yes) if self.is_doubt => ConditionVerdict::Unknown,
            Some(verdict) => verdict,
            None if self.check.needs_text() => ConditionVerdict::Unknown,
            None => ConditionVerdict::No,
        }
    }
}

/// How masks of whole values start: `HIDDEN_DUE_TO_SECURITY_REASONS`.
const HIDDEN: &str = "HIDDEN_";
/// How masks of texts start: `****`.
const MASKED: &str = "***";

/// Whether the JSON of a field says nothing.
pub(crate) fn is_nothing(text: &[u8]) -> bool {
    matches!(text.trim_ascii(), b"" | b"null" | b"\"\"")
}

/// Whether a field is an object without a sign that something was left out of it or hidden, as almost all are: what it does not
/// have, the call did not ask for.
pub(crate) fn is_whole(text: &[u8]) -> bool {
    static SIGNS: LazyLock<[memmem::Finder<'static>; 2]> =
        LazyLock::new(|| ["mitted\"", HIDDEN].map(memmem::Finder::new));
    text.trim_ascii_start().starts_with(b"{") && SIGNS.iter().all(|sign| sign.find(text).is_none())
}

/// The object in a field, also as JSON in a text, as some exports and query engines write it. `None` when there is none or
/// CloudTrail left it out: `{"reason": "requestParameters too large", "omitted": "true", "originalSize": "149893"}`.
fn parse(text: &str) -> Option<Value> {
    let value = match serde_json::from_str(text).ok()? {
        Value::String(inner) => serde_json::from_str(&inner).ok()?,
        value => value,
    };
    let fields = value.as_object()?;
    let is_omitted = fields.iter().any(|(name, value)| {
        let is_true = *value == Value::Bool(true) || value.as_str() == Some("true");
        is_true && Segment::Ending("omitted".into()).matches(name)
    });
    (!is_omitted).then_some(value)
}

/// The fields of a record, parsed at most once.
pub(crate) struct ParsedFields<'r> {
    request: ParsedField<'r>,
    additional: ParsedField<'r>,
}

struct ParsedField<'r> {
    /// Its JSON, if it says something.
    text: Option<&'r str>,
    value: OnceCell<Option<Value>>,
}

impl<'r> ParsedFields<'r> {
    pub(crate) fn new(texts: &ConditionFields<'r>) -> Self {
        let parsed = |text: Option<&'r str>| ParsedField {
            text: text.filter(|text| !is_nothing(text.as_bytes())),
            value: OnceCell::new(),
        };
        Self {
            request: parsed(texts.request_parameters),
            additional: parsed(texts.additional_event_data),
        }
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "*" => None,
            "**" => Some(Self::AnyDepth),
            _ => Some(match text.strip_prefix('*') {
                Some(end) => Self::Ending(end.into()),
                None => Self::Name(text.into()),
            }),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            Self::Ending(end) => name
                .len()
                .checked_sub(end.len())
                .and_then(|start| name.get(start..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end)),
            Self::AnyDepth => true,
        }
    }
}

impl Check {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        let Some(operator) = rest.next() else {
            return Some(Self::Present);
        };
        let operand = rest.as_str();
        if operand.is_empty() || operator == '[' && operand != "]" {
            return None;
        }
        Some(match operator {
            '[' => Self::Entries,
            '=' => Self::Equals(operand.into()),
            '^' => Self::FirstWord(operand.into()),
            '~' => Self::Contains(operand.into()),
            _ => {
                let (service, resource_start) = operand.split_once(':').unwrap_or((operand, ""));
                Self::ArnOf {
                    service: service.into(),
                    resource_start: resource_start.into(),
                }
            }
        })
    }

    /// Whether a record without a text to check tells nothing: calls always have one, though the record may lack or mask it.
    fn needs_text(&self) -> bool {
        matches!(self, Self::FirstWord(_))
    }

    /// False when the check cannot hold for a value in this JSON.
    fn may_hold(&self, text: &[u8]) -> bool {
        match self {
            Self::ArnOf { service, .. } => memmem::find(text, service.as_bytes()).is_some(),
            _ => true,
        }
    }

    /// What a value at the end of the path says. `None` when it is no text and the check needs one.
    fn decide(&self, value: &Value) -> Option<ConditionVerdict> {
        Some(match (self, value) {
            (_, Value::String(text)) if text.starts_with(HIDDEN) => ConditionVerdict::Unknown,
            (Self::FirstWord(wanted), Value::String(text)) => match first_word(text) {
                "" => ConditionVerdict::Unknown,
                word if word.eq_ignore_ascii_case(wanted) => ConditionVerdict::Yes,
                _ => ConditionVerdict::No,
            },
            (Self::FirstWord(_), _) => return None,
            _ if self.holds(value) => ConditionVerdict::Yes,
            _ => ConditionVerdict::No,
        })
    }

    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Present, Value::Null | Value::Bool(_)) => false,
            (Self::Present, Value::String(text)) => !text.is_empty(),
            (Self::Present | Self::Entries, Value::Array(values)) => !values.is_empty(),
            (Self::Present | Self::Entries, Value::Object(fields)) => !fields.is_empty(),
            (Self::Entries, Value::String(text)) => {
                let inner = text.trim().strip_prefix(['[', '{']);
                let is_filled =
                    inner.is_some_and(|inner| !inner.trim_start().starts_with([']', '}']));
                is_filled || (inner.is_none() && text.contains('='))
            }
            (Self::Present, Value::Number(_)) => true,
            (Self::Equals(wanted), Value::String(text)) => wanted.eq_ignore_ascii_case(text),
            (Self::Equals(wanted), Value::Bool(_) | Value::Number(_)) => {
                *value.to_string() == **wanted
            }
            (Self::Contains(wanted), Value::String(text)) => text.contains(&**wanted),
            (
                Self::ArnOf {
                    service,
                    resource_start,
                },
                Value::String(text),
            ) => is_arn_of(text, service, resource_start),
            _ => false,
        }
    }
}

/// The text without white space and comments at its start, as `PartiQL` has them: `-- ...` and `/* ... */`.
fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        let rest = if let Some(comment) = text.strip_prefix("--") {
            comment.split_once('\n')
        } else if let Some(comment) = text.strip_prefix("/*") {
            comment.split_once("*/")
        } else {
            return text;
        };
        text = rest.map_or("", |(_, rest)| rest);
    }
}

/// The word that a text starts with, after comments. Empty when there is none.
fn first_word(text: &str) -> &str {
    let mut words = without_comments(text).split(|c: char| !c.is_ascii_alphanumeric());
    words.next().unwrap_or_default()
}

fn is_arn_of(text: &str, service: &str, resource_start: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn")
        && parts.nth(1) == Some(service)
        && parts
            .nth(2)
            .is_some_and(|resource| resource.starts_with(resource_start))
}

/// What the values at a path say of a check. One that holds is enough. `None` when there are no values.
fn decide(value: &Value, path: &[Segment], check: &Check) -> Option<ConditionVerdict> {
    let Some((segment, rest)) = path.split_first() else {
        return match value {
            Value::Array(values) if !matches!(check, Check::Present | Check::Entries) => {
                any(values.iter().map(|value| decide(value, path, check)))
            }
            _ => check.decide(value),
        };
    };
    let is_any_depth = *segment == Segment::AnyDepth;
    let here = match value {
        Value::String(text) if text.starts_with(HIDDEN) => Some(ConditionVerdict::Unknown),
        _ if is_any_depth => decide(value, rest, check),
        _ => None,
    };
    let below = match value {
        Value::Array(values) => any(values.iter().map(|value| decide(value, path, check))),
        Value::Object(fields) => any(fields.iter().map(|(name, value)| {
            if is_any_depth {
                decide(value, path, check)
            } else if !segment.matches(name) {
                None
            } else if matches!(value, Value::String(text) if text.starts_with(MASKED)) {
                Some(ConditionVerdict::Unknown)
            } else {
                decide(value, rest, check)
            }
        })),
        _ => None,
    };
    any([here, below])
}

/// `Yes` if one is, or else `Unknown` if one is, or else `No` if one is.
fn any(verdicts: impl IntoIterator<Item = Option<ConditionVerdict>>) -> Option<ConditionVerdict> {
    let mut found = None;
    for verdict in verdicts {
        match verdict {
            Some(ConditionVerdict::Yes) => return verdict,
            Some(ConditionVerdict::Unknown) => found = verdict,
            Some(ConditionVerdict::No) => found = found.or(verdict),
            None => {}
        }
    }
    found
}

/// How the last field names of all tests end.
fn ends(tests: &[Test]) -> Option<Box<[u32]>> {
    let names = tests.iter().filter_map(Test::last_name);
    names
        .map(|name| name.as_bytes().last_chunk().map(|end| folded(*end)))
        .collect()
}

/// Four letters, of which the case does not matter.
fn folded(letters: [u8; 4]) -> u32 {
    u32::from_ne_bytes(letters) | 0x2020_2020
}

/// A JSON text up to the end of each field name in it.
fn names_before_colons(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let before = memchr::memchr_iter(b':', text).filter_map(|at| text.get(..at));
    before.filter_map(|before| before.trim_ascii_end().strip_suffix(b"\""))
}

#[cfg(test)]
mod tests;
