//! The constraints of IAM's model, which IAM checks for every parameter before anything else. One answer
//! reports all violations.

use advisor_core::{JobId, MaxItems, RequestError, check_marker};

use crate::error::ApiError;
use crate::parameters::Parameters;

/// Checks the parameters of a request one by one.
pub(crate) struct Checked<'a> {
    parameters: &'a Parameters,
    violations: Vec<String>,
}

/// The allowed length of a text, in characters, and its allowed characters.
pub(crate) struct Text {
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    pub(crate) pattern: Option<Pattern>,
}

/// A regular expression as IAM's messages show it, and the characters that it matches.
type Pattern = (&'static str, fn(char) -> bool);

/// `[\w+=,.@-]+`, the pattern of names.
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

    /// Adds a violation. Messages show `ServiceNamespaces` as `serviceNamespaces`.
    fn violate(&mut self, parameter: &str, must: &str) {
        let mut letters = parameter.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        self.violations.push(format!(
            "Value at '{}{}' failed to satisfy constraint: Member must {must}",
            first.map(String::from).unwrap_or_default(),
            letters.as_str(),
        ));
    }

    /// Adds the violation that the check of a single parameter returns.
    pub(crate) fn take<T>(&mut self, result: Result<T, RequestError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.violations.push(match error {
                    RequestError::ConstraintViolation(violation) => violation,
                    other => other.to_string(),
                });
                None
            }
        }
    }

    /// Returns a required parameter; an empty text when it is missing.
    pub(crate) fn required(&mut self, name: &str) -> &'a str {
        let value = self.parameters.get(name);
        if value.is_none() {
            self.violate(name, "not be null");
        }
        value.unwrap_or_default()
    }

    /// Returns a required text.
    pub(crate) fn required_text(&mut self, name: &str, text: &Text) -> &'a str {
        match self.parameters.get(name) {
            Some(_) => self.text(name, text).unwrap_or_default(),
            None => self.required(name),
        }
    }

    /// Returns an optional text.
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

    /// Returns an optional parameter with one of these values.
    pub(crate) fn word(&mut self, name: &str, words: &[&str]) -> Option<&'a str> {
        let value = self.parameters.get(name)?;
        if !words.contains(&value) {
            let must = format!("satisfy enum value set: [{}]", words.join(", "));
            self.violate(name, &must);
        }
        Some(value)
    }

    /// Returns an optional list of some of these values.
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

    /// Returns an optional `true` or `false`; `false` when it is missing.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.parameters.get(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(malformed(name)),
        }
    }

    /// Returns `PathPrefix`; `/` when it is missing.
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

    /// Returns `JobId`.
    pub(crate) fn job_id(&mut self) -> &'a str {
        let value = self.required("JobId");
        if self.parameters.get("JobId").is_some() {
            self.take(JobId::check(value));
        }
        value
    }

    /// Returns `MaxItems`.
    pub(crate) fn max_items(&mut self) -> Result<Option<MaxItems>, ApiError> {
        let Some(text) = self.parameters.get("MaxItems") else {
            return Ok(None);
        };
        let number = text.parse::<i64>().map_err(|_| malformed("MaxItems"))?;
        Ok(self.take(MaxItems::new(number)))
    }

    /// Returns `Marker`. The model constrains only its length.
    pub(crate) fn marker(&mut self) -> Option<&'a str> {
        self.text("Marker", &MARKER)
    }

    /// Returns an error when there are violations. IAM checks markers after the model's constraints.
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

/// The error for a parameter that is not a number or a flag.
fn malformed(name: &str) -> ApiError {
    ApiError::new(
        400,
        "MalformedInput",
        format!("The value of {name} cannot be read."),
    )
}
