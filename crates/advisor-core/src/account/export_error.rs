//! Why an export cannot be read.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::issue::ExportIssue;

/// An export that cannot be read at all, or not to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExportError {
    name: String,
    kind: ExportErrorKind,
    line: usize,
    column: usize,
    source: Option<Arc<serde_json::Error>>,
    /// The number of entities, of which none could be used.
    entities: usize,
    issues: Vec<ExportIssue>,
}

/// What is wrong with an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportErrorKind {
    /// The text is not JSON.
    Syntax,
    /// The text is JSON, but not the output of `get-account-authorization-details`.
    NotAnExport,
    /// The text is empty.
    Empty,
    /// There are entities, but none could be used. [`ExportError::issues`] tells why.
    NothingUsable,
}

impl ExportError {
    /// The file, as the caller named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ExportErrorKind {
        self.kind
    }

    /// The line, counted from 1; `None` when the error is about the file as a whole.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }

    /// The byte of the line, counted from 1; 0 at the end of the line before. `None` when
    /// [`ExportError::line`] is `None`.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.line().map(|_| self.column)
    }

    /// Why no entity could be used, for [`ExportErrorKind::NothingUsable`].
    #[must_use]
    pub fn issues(&self) -> &[ExportIssue] {
        &self.issues
    }

    /// An error about the file as a whole.
    pub(crate) fn of_file(name: &str, kind: ExportErrorKind) -> Self {
        Self {
            name: name.into(),
            kind,
            line: 0,
            column: 0,
            source: None,
            entities: 0,
            issues: Vec::new(),
        }
    }

    /// None of the entities could be used.
    pub(crate) fn nothing_usable(entities: usize, issues: Vec<ExportIssue>) -> Self {
        let name = issues.first().map(|issue| issue.path.clone());
        Self {
            entities,
            issues,
            ..Self::of_file(
                name.as_deref().unwrap_or_default(),
                ExportErrorKind::NothingUsable,
            )
        }
    }

    /// An error of the parser.
    pub(crate) fn of_json(name: &str, kind: ExportErrorKind, error: serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            source: Some(Arc::new(error)),
            ..Self::of_file(name, kind)
        }
    }

    /// An error of the parser in a part of a text: the line and column are those in the whole text.
    pub(crate) fn within(
        name: &str,
        kind: ExportErrorKind,
        text: &str,
        part: &str,
        error: serde_json::Error,
    ) -> Self {
        let mut this = Self::of_json(name, kind, error);
        let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr());
        let before = start.and_then(|start| text.get(..start));
        if let Some(before) = before
            && this.line > 0
        {
            let last_line = before.rsplit('\n').next().unwrap_or_default();
            if this.line == 1 {
                this.column += last_line.len();
            }
            this.line += before.matches('\n').count();
        }
        this
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NOT_AN_EXPORT: &str = "not the output of get-account-authorization-details";
        write!(f, "{}: ", self.name)?;
        match (self.kind, &self.source) {
            (ExportErrorKind::Syntax, Some(error)) => f.write_str(&plain_message(error))?,
            (ExportErrorKind::Syntax, None) => f.write_str("not JSON")?,
            (ExportErrorKind::NotAnExport, Some(error)) => {
                write!(f, "{NOT_AN_EXPORT}: {}", plain_message(error))?;
            }
            (ExportErrorKind::NotAnExport, None) => write!(
                f,
                "{NOT_AN_EXPORT}: none of UserDetailList, GroupDetailList, RoleDetailList, Policies \
                 is there"
            )?,
            (ExportErrorKind::Empty, _) => f.write_str("there is no page in the file")?,
            (ExportErrorKind::NothingUsable, _) => {
                match self.entities {
                    1 => f.write_str("its only entity cannot be used")?,
                    entities => write!(f, "none of its {entities} entities can be used")?,
                }
                if let Some(ExportIssue {
                    json_path, kind, ..
                }) = self.issues.first()
                {
                    write!(f, "; {json_path}: {kind}")?;
                }
            }
        }
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line}, column {})", self.column),
        }
    }
}

impl Error for ExportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|error| error as &(dyn Error + 'static))
    }
}

/// The message without the line and column that `serde_json` appends.
pub(crate) fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}
