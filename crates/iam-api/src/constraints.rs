//! What IAM checks of every parameter before it looks at anything: the constraints of its model.
//! All that is wrong comes in one answer.

use advisor_core::check_marker;
use advisor_core::{JobId, MaxItems, RequestError};

use crate::error::ApiError;
use crate::parameters::Parameters;

/// The parameters of a request, checked one by one.
pub(crate) struct Checked<'a> {
    parameters: &'a Parameters,
    violations: Vec<String>,
}

/// How long a text may be, in characters, and what it may hold.
pub(crate) struct Text {
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    pub(crate) pattern: Option<Pattern>,
}

/// A regular expression as IAM words it, and which characters match.
type Pattern = (&'static str, fn(char) -> bool);

/// `[\w+=,.@-]+`, as names are.
fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

const NAME: Pattern = ("[\\w+=,.@-]+", is_name);

pub(crate) const ARN: Text = Text {
    shortest: 20,
    longest: 2048,
    pattern: None,
};
pub(crate) const NAME_TO_64: Text = Text {
    shortest: 1,
    longest: 64,
    pattern: Some(NAME),
};
pub(crate) const NAME_TO_128: Text = Text {
    shortest: 1,
    longest: 128,
    pattern: Some(NAME),
};
const MARKER: Text = Text {
    shortest: 0,
    longest: 320,
    pattern: None,
};

impl<'a> Checked<'a> {
    pub(crate) fn new(parameters: &'a Parameters) -> Self {
        Self {
            parameters,
            violations: Vec::new(),
        }
    }

    /// `ServiceNamespaces` is `serviceNamespaces` in messages.
    fn violate(&mut self, parameter: &str, must: &str) {
        let mut letters = parameter.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        self.violations.push(format!(
            "Value at '{}{}' failed to satisfy constraint: Member must {must}",
            first.map(String::from).unwrap_or_default(),
            letters.as_str(),
        ));
    }

    /// Takes over what the core says of a single parameter.
    pub(crate) fn take<T>(&mut self, result: Result<T, RequestError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let text = error.to_string();
                let one = "1 validation error detected: ";
                let text = text.strip_prefix(one).unwrap_or(&text);
                self.violations.push(text.to_owned());
                None
            }
        }
    }

    /// A parameter that must be there; empty when it is not.
    pub(crate) fn required(&mut self, name: &str) -> &'a str {
        let value = self.parameters.get(name);
        if value.is_none() {
            self.violate(name, "not be null");
        }
        value.unwrap_or_default()
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, name: &str, text: &Text) -> &'a str {
        match self.parameters.get(name) {
            Some(_) => self.text(name, text).unwrap_or_default(),
            None => self.required(name),
        }
    }

    /// A text that may be there.
    pub(crate) fn text(&mut self, name: &str, text: &Text) -> Option<&'a str> {
        let value = self.parameters.get(name)?;
        let length = value.chars().count();
        if let Some((pattern, matches)) = text.pattern
            && !(value.chars().all(matches) && length > 0)
        {
            let must = format!("satisfy regular expression pattern: {pattern}");
            self.violate(name, &must);
        }
        if length < text.shortest {
            let must = format!("have length greater than or equal to {}", text.shortest);
            self.violate(name, &must);
        }
        if length > text.longest {
            let must = format!("have length less than or equal to {}", text.longest);
            self.violate(name, &must);
        }
        Some(value)
    }

    /// One of several words.
    pub(crate) fn word(&mut self, name: &str, words: &[&str]) -> Option<&'a str> {
        let value = self.parameters.get(name)?;
        if !words.contains(&value) {
            let must = format!("satisfy enum value set: [{}]", words.join(", "));
            self.violate(name, &must);
        }
        Some(value)
    }

    /// A list of some of several words.
    pub(crate) fn words(&mut self, name: &str, words: &[&str]) -> Option<Vec<String>> {
        let values = self.parameters.list(name)?;
        if !values.iter().all(|value| words.contains(&value.as_str())) {
            let must = format!(
                "satisfy constraint: [Member must satisfy enum value set: [{}]]",
                words.join(", ")
            );
            self.violate(name, &must);
        }
        Some(values)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.parameters.get(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(malformed(name)),
        }
    }

    /// `PathPrefix`; `/` when it is not there.
    pub(crate) fn path_prefix(&mut self) -> &'a str {
        let name = "PathPrefix";
        let Some(value) = self.parameters.get(name) else {
            return "/";
        };
        let is_path = value.starts_with('/')
            && value
                .chars()
                .all(|letter| ('!'..='\u{7f}').contains(&letter));
        if !is_path {
            self.violate(
                name,
                "satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*",
            );
        }
        if value.chars().count() > 512 {
            self.violate(name, "have length less than or equal to 512");
        }
        value
    }

    /// `JobId`.
    pub(crate) fn job_id(&mut self) -> &'a str {
        let value = self.required("JobId");
        if self.parameters.get("JobId").is_some() {
            self.take(JobId::check(value));
        }
        value
    }

    /// `MaxItems`.
    pub(crate) fn max_items(&mut self) -> Result<Option<MaxItems>, ApiError> {
        let Some(text) = self.parameters.get("MaxItems") else {
            return Ok(None);
        };
        let number = text.parse::<i64>().map_err(|_| malformed("MaxItems"))?;
        Ok(self.take(MaxItems::new(number)))
    }

    /// `Marker`, of which only the length is one of the model's constraints.
    pub(crate) fn marker(&mut self) -> Option<&'a str> {
        self.text("Marker", &MARKER)
    }

    /// Whether all is well. What IAM checks of a marker comes after the model's constraints.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.violations.len() {
            0 => match self.parameters.get("Marker") {
                Some(marker) => check_marker(marker).map_err(Into::into),
                None => Ok(()),
            },
            1 => Err(ApiError::validation(format!(
                "1 validation error detected: {}",
                self.violations.concat()
            ))),
            number => Err(ApiError::validation(format!(
                "{number} validation errors detected: {}",
                self.violations.join("; ")
            ))),
        }
    }
}

/// A number or flag that is none.
fn malformed(name: &str) -> ApiError {
    ApiError::new(
        400,
        "MalformedInput",
        format!("The value of {name} cannot be read."),
    )
}
