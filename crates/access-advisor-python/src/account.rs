//! Account data.

use std::sync::Arc;

use access_advisor::arrow::{permission_batches, permission_schema};
use access_advisor::text::Printable;
use pyo3::prelude::*;

use crate::arguments::Paths;
use crate::pickle::Reduced;
use crate::table::Table;
use crate::{error, work};

/// The users, groups, roles and policies of one or several accounts.
///
/// Load it from the output of `aws iam get-account-authorization-details`.
///
/// >>> account = AccountData.load("testdata/account.json")
/// >>> account
/// <AccountData of 30 entities, 1 issue>
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct AccountData {
    pub(crate) inner: Arc<access_advisor::account::AccountData>,
}

/// Something in an export that could not be used as it is. The rest of the export was used.
///
/// Args:
///     path: The file.
///     json_path: The JSON path in the file, as in `UserDetailList[3].UserPolicyList[0]`.
///     reason: What is wrong, for people.
///     kind: What is wrong, for programs. See `kind`.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct ExportIssue {
    /// The file.
    path: String,
    /// The JSON path in the file, as in `UserDetailList[3].UserPolicyList[0]`.
    json_path: String,
    /// What is wrong, for people.
    reason: String,
    /// What is wrong, for programs: "truncated", "unreadable", "invalid_arn", "wrong_kind", "name_differs", "invalid_date",
    /// "shared_unique_id", "repeated", "policy_not_evaluated" or "missing_group". Later versions may add kinds.
    kind: String,
}

impl From<&access_advisor::account::ExportIssue> for ExportIssue {
    fn from(issue: &access_advisor::account::ExportIssue) -> Self {
        Self {
            path: issue.path.to_string(),
            json_path: issue.json_path.clone(),
            reason: issue.kind.to_string(),
            kind: issue.kind.name().to_owned(),
        }
    }
}

#[pymethods]
impl ExportIssue {
    #[new]
    fn new(path: String, json_path: String, reason: String, kind: String) -> Self {
        Self {
            path,
            json_path,
            reason,
            kind,
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, &str, &str, &str)> {
        let class = py.get_type::<Self>().into_any();
        (
            class,
            (&self.path, &self.json_path, &self.reason, &self.kind),
        )
    }

    fn __repr__(&self) -> String {
        let Self {
            path,
            json_path,
            reason,
            ..
        } = self;
        let shown = format!("<ExportIssue {path}: {json_path}: {reason}>");
        Printable(shown).to_string()
    }
}

#[pymethods]
impl AccountData {
    /// Loads exports of `aws iam get-account-authorization-details`: one file or several, of one account or several.
    /// A folder stands for the files in it, at any depth, that are named `*.json`, also compressed.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths.
    ///
    /// Raises:
    ///     AccountError: A file cannot be read, or is not a complete export. `path` is the file, `line` and `column` are the
    ///         position in it.
    ///
    /// >>> len(AccountData.load(["testdata/account.json"]))
    /// 30
    /// >>> AccountData.load("testdata/README.md")
    /// Traceback (most recent call last):
    /// access_advisor.AccountError: testdata/README.md: expected value (line 1, column 1)
    #[staticmethod]
    fn load(py: Python<'_>, paths: Paths) -> PyResult<Self> {
        let load =
            move || access_advisor::account::load_account_data(&paths.0).map_err(error::load);
        let inner = Arc::new(work::run(py, load)??);
        Ok(Self { inner })
    }

    /// What could not be used as it is.
    ///
    /// >>> issue = AccountData.load("testdata/account.json").issues[0]
    /// >>> issue.kind
    /// 'policy_not_evaluated'
    /// >>> issue.json_path
    /// 'GroupDetailList[2].AttachedManagedPolicies[0]'
    #[getter]
    fn issues(&self) -> Vec<ExportIssue> {
        self.inner.issues().iter().map(ExportIssue::from).collect()
    }

    /// Returns the ARNs of all entities that have a report: every user, group, role, and attached or customer-managed policy.
    ///
    /// >>> AccountData.load("testdata/account.json").arns()[0]
    /// 'arn:aws:iam::111122223333:group/admins'
    fn arns(&self) -> Vec<String> {
        let entities = self.inner.reported_entities().into_iter();
        entities
            .filter_map(|id| self.inner.entity(id))
            .map(|detail| detail.arn.to_string())
            .collect()
    }

    /// Returns the policy statements that apply to each user, group, role and policy, one row per statement.
    ///
    /// >>> AccountData.load("testdata/account.json").permissions()
    /// <Table of 109 rows: account_id, arn, entity_type, ...>
    fn permissions(&self, py: Python<'_>) -> PyResult<Table> {
        let account = Arc::clone(&self.inner);
        let make = move || Table::collect(permission_schema(), permission_batches(&account));
        work::run(py, make)?.map_err(error::unexpected)
    }

    fn __len__(&self) -> usize {
        self.inner.reported_entities().len()
    }

    fn __repr__(&self) -> String {
        let (entities, issues) = (self.__len__(), self.inner.issues().len());
        let plural = if issues == 1 { "" } else { "s" };
        format!("<AccountData of {entities} entities, {issues} issue{plural}>")
    }
}
