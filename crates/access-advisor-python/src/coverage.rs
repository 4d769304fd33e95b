//! What a trail covers.

use access_advisor::activity::CoverageSummary;
use chrono::NaiveDate;
use pyo3::prelude::*;

use crate::answer::answer;
use crate::error;
use crate::pickle::{self, Reduced};

/// What was read of a trail: by account, Region and kind of event the days with records, and what log files and digest files
/// show. An action is not shown to be unused by what was not read.
///
/// Add the coverage of parts of a trail with `+` or `sum(parts, Coverage())`.
///
/// >>> coverage = Activity.from_trail("testdata/trail").coverage
/// >>> "111122223333" in coverage.accounts
/// True
/// >>> coverage + coverage == coverage
/// True
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Coverage {
    pub(crate) inner: access_advisor::activity::Coverage,
}

#[pymethods]
impl Coverage {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Reads what `to_json` wrote.
    ///
    /// Raises:
    ///     InvalidInputError: The text is not from `to_json`.
    ///
    /// >>> coverage = Activity.from_trail("testdata/trail").coverage
    /// >>> Coverage.from_json(coverage.to_json()) == coverage
    /// True
    #[staticmethod]
    pub(crate) fn from_json(text: &str) -> PyResult<Self> {
        let inner = serde_json::from_str(text)
            .map_err(|fault| error::invalid_input(&format!("not a coverage: {fault}")))?;
        Ok(Self { inner })
    }

    /// Returns this coverage as JSON, for another process to read with `from_json`. It is what activity files have in their
    /// metadata.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.inner).map_err(error::unexpected)
    }

    /// Returns which credentials of users were used: long-term access keys and passwords, as `access-advisor activity credentials
    /// --format json` prints them. Times are texts.
    ///
    /// >>> uses = Activity.from_trail("testdata/trail").coverage.credential_uses()
    /// >>> [use["AccessKeyId"] for use in uses if use["ServiceNamespace"] == "ecs"]
    /// ['AKIAW5ZACTTYGEXAMPLE']
    fn credential_uses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        answer(py, &self.inner.credential_uses())
    }

    /// Whether some activity does not say which credentials were used: then others than in `credential_uses()` may have been.
    #[getter]
    fn has_unread_credentials(&self) -> bool {
        self.inner.has_unread_credentials()
    }

    /// Returns what `access-advisor coverage --format json` prints, as a dict. Days are dates and intervals of dates, such as
    /// `2026-01-03/2026-03-31`.
    ///
    /// >>> list(Activity.from_trail("testdata/trail").coverage.to_dict())
    /// ['Accounts', 'MissingLogFiles', 'Catalogs', 'HasUnknownSources']
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        answer(py, &CoverageSummary(&self.inner))
    }

    /// Returns the days on which an account's trail was read, in any Region.
    fn covered_days(&self, account: &str) -> Vec<NaiveDate> {
        let days = self.inner.covered_days(account);
        let days = days.iter();
        days.filter_map(access_advisor::activity::DaySet::date_of)
            .collect()
    }

    /// The accounts of which something was read.
    #[getter]
    fn accounts(&self) -> Vec<String> {
        let accounts = self.inner.accounts().into_iter();
        accounts.map(str::to_owned).collect()
    }

    /// The names of log files that a digest file lists and that were not read.
    #[getter]
    fn missing_log_files(&self) -> Vec<String> {
        let names = self.inner.missing_log_files().into_iter();
        names.map(str::to_owned).collect()
    }

    /// Whether some activity came from a table that does not say what it covers, such as one made by a query engine.
    #[getter]
    fn has_unknown_sources(&self) -> bool {
        self.inner.has_unknown_sources()
    }

    fn __add__(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.inner.merge(&other.inner);
        sum
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (String,)>> {
        pickle::reduced(py, "restore_coverage", (self.to_json()?,))
    }

    fn __repr__(&self) -> String {
        let accounts = self.inner.accounts();
        let days = accounts.iter().map(|it| self.inner.covered_days(it).len());
        let days = days.max().unwrap_or_default();
        format!(
            "<Coverage of {} accounts, at most {days} days>",
            accounts.len()
        )
    }
}

/// Rebuilds a pickled Coverage.
#[pyfunction]
pub(crate) fn restore_coverage(text: &str) -> PyResult<Coverage> {
    Coverage::from_json(text)
}
