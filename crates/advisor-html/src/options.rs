//! What the file is to be like.

use advisor_core::Granularity;

/// 20 MiB: browsers open it at once, and mail servers and ticket systems accept it.
const USUAL_LIMIT: u64 = 20 << 20;

/// The options of an HTML file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HtmlOptions {
    /// The title of the page.
    pub title: String,
    /// The granularity of the reports, which the page states. `None` when it does not matter.
    pub granularity: Option<Granularity>,
    /// The most bytes of the file, about. What does not fit is left out, and the page says so: first the actions of further reports,
    /// then their services. Every report has its row in the table.
    pub limit: u64,
}

impl Default for HtmlOptions {
    fn default() -> Self {
        Self {
            title: "IAM access report".to_owned(),
            granularity: None,
            limit: USUAL_LIMIT,
        }
    }
}

impl HtmlOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the title of the page.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the granularity of the reports; none when it does not matter.
    #[must_use]
    pub fn granularity(mut self, granularity: impl Into<Option<Granularity>>) -> Self {
        self.granularity = granularity.into();
        self
    }

    /// Sets the most bytes of the file.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }
}
