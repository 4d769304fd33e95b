//! Loads the inputs of commands, and reports on stderr what was set aside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use access_advisor::account::{
    AccountData, CredentialReport, EntityKind, ExportIssue, load_account_data,
    load_credential_report,
};
use access_advisor::activity::Activity;
use access_advisor::catalog::{Catalog, read_catalog_text};
use access_advisor::report::Tracking;
use access_advisor::store::{Store, StoredAdvisor};
use access_advisor::trail::{Reconciliation, TrailRead, TrailReader};
use chrono::{DateTime, Utc};

use crate::failure::Failure;
use crate::output;
use crate::progress::with_progress;

/// The current time. Nothing else reads the clock.
pub(crate) fn clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The catalog of a file, or the built-in one.
pub(crate) fn catalog(file: Option<&Path>) -> Result<Arc<Catalog>, Failure> {
    let Some(file) = file else {
        return Ok(Catalog::shared());
    };
    let text = read_catalog_text(file).map_err(Failure::at(file))?;
    let catalog = Catalog::parse(&text).map_err(|error| Failure::Catalog {
        path: file.to_owned(),
        error,
    })?;
    Ok(Arc::new(catalog))
}

/// Opens an existing store, whose trails were imported with this catalog.
pub(crate) fn store(path: &Path, catalog: &Catalog) -> Result<Store, Failure> {
    let store = Store::open(path)?;
    store.check_catalog(catalog)?;
    Ok(store)
}

/// Opens an existing store and the operations over it.
pub(crate) fn stored_advisor(
    path: &Path,
    catalog: Arc<Catalog>,
    tracking: Tracking,
) -> Result<StoredAdvisor, Failure> {
    let store = Arc::new(store(path, &catalog)?);
    Ok(StoredAdvisor::new(store, catalog, tracking))
}

/// Loads the account data of a store at a path, and reports its issues.
pub(crate) fn stored_account(path: &Path, store: &Store) -> Result<AccountData, Failure> {
    let account = store.account_data()?;
    say_issues(account.issues());
    if account.entities().next().is_none() {
        return Err(Failure::Message(format!(
            "{}: this store has no account; import one with `access-advisor import account`",
            path.display()
        )));
    }
    Ok(account)
}

/// Loads the activity of a store at a path.
pub(crate) fn stored_activity(path: &Path, store: &Store) -> Result<Arc<Activity>, Failure> {
    let activity = store.activity_table()?;
    if activity.is_empty() {
        return Err(Failure::Message(format!(
            "{}: this store has no activity; import a trail with `access-advisor import trail`",
            path.display()
        )));
    }
    Ok(activity)
}

/// Loads account data, and reports its issues.
pub(crate) fn account(files: &[PathBuf]) -> Result<AccountData, Failure> {
    let account = load_account_data(files)?;
    say_issues(account.issues());
    Ok(account)
}

/// Loads credential reports, if there are any, and warns of users that they lack.
pub(crate) fn credential_report(
    files: &[PathBuf],
    account: &AccountData,
) -> Result<Option<CredentialReport>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let report = load_credential_report(files)?;
    let users = account.entities().map(|(_, detail)| detail);
    let users = users.filter(|detail| detail.kind == EntityKind::User);
    let lacking = users.filter(|detail| report.user(&detail.arn).is_none());
    let lacking = lacking.map(|detail| {
        format!(
            "warning: the credential report does not have the user {}",
            detail.arn
        )
    });
    output::say_each(lacking, "users that the credential report does not have");
    Ok(Some(report))
}

/// Reports what was wrong in account data.
pub(crate) fn say_issues(issues: &[ExportIssue]) {
    let issues = issues.iter().map(|issue| format!("warning: {issue}"));
    output::say_each(issues, "issues in the account data");
}

/// Reads a trail, and reports its reconciliation.
pub(crate) fn trail(paths: &[PathBuf], reader: &TrailReader) -> Result<TrailRead, Failure> {
    let read = with_progress(|progress| reader.read(paths, progress))?;
    say_reconciliation(&read.reconciliation);
    if read.reconciliation.is_empty() {
        return Err(Failure::Message(
            "there is no CloudTrail record to read; a report would show everything as unused"
                .into(),
        ));
    }
    Ok(read)
}

/// Reports how many objects and records were read, and what was set aside.
pub(crate) fn say_reconciliation(reconciliation: &Reconciliation) {
    for (index, line) in reconciliation.to_string().lines().enumerate() {
        output::say(format_args!(
            "{}{line}",
            if index == 0 { "trail: " } else { "       " }
        ));
    }
    let failed = reconciliation.objects_failed.iter().map(|object| {
        let rest = if object.kind().is_partly_read() {
            "what it holds may be missing"
        } else {
            "none of it was read"
        };
        format!("warning: {object}: {rest}")
    });
    output::say_each(failed, "objects that could not be read");
    let unusable = reconciliation.objects_unusable.iter();
    let unusable =
        unusable.map(|object| format!("warning: {object}: none of its records can be used"));
    output::say_each(unusable, "objects none of whose records can be used");
    for example in &reconciliation.examples {
        output::say(format_args!("warning: {example}"));
    }
    let unnamed = reconciliation.unnamed_malformed();
    if unnamed > 0 {
        output::say(format_args!(
            "warning: and {unnamed} more malformed records"
        ));
    }
}
