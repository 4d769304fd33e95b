//! Loads what commands work on, and says on stderr what had to be set aside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use access_advisor::account::{AccountData, ExportIssue, load_account_data};
use access_advisor::catalog::Catalog;
use access_advisor::trail::{FailureKind, ReadOptions, Reconciliation, TrailRead, TrailReader};
use chrono::{DateTime, Utc};
use clap::error::ErrorKind;

use crate::arguments::ReadingArguments;
use crate::interruption::StopOnSignal;
use crate::progress::with_progress;
use crate::{Failure, output};

/// More issues than these are counted, not named.
const MOST_ISSUES: usize = 50;

/// What the clock says: the only place that looks at it.
pub(crate) fn clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The catalog that a command is to use.
pub(crate) fn catalog(file: Option<&Path>) -> Result<Arc<Catalog>, Failure> {
    let Some(file) = file else {
        return Ok(Catalog::shared());
    };
    let failed = |reason: String| Failure::Message(format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    Catalog::parse(&text)
        .map(Arc::new)
        .map_err(|error| failed(error.to_string()))
}

/// The account data; issues are said.
pub(crate) fn account(files: &[PathBuf]) -> Result<AccountData, Failure> {
    let account = load_account_data(files)?;
    say_issues(account.issues());
    Ok(account)
}

/// Names what was set aside of account data.
pub(crate) fn say_issues(issues: &[ExportIssue]) {
    for issue in issues.iter().take(MOST_ISSUES) {
        output::say(format_args!("warning: {issue}"));
    }
    if let Some(more) = issues
        .len()
        .checked_sub(MOST_ISSUES)
        .filter(|more| *more > 0)
    {
        output::say(format_args!(
            "warning: and {more} more of this kind in the account data"
        ));
    }
}

/// What reads a trail as the arguments say.
pub(crate) fn reader(arguments: &ReadingArguments, catalog: Arc<Catalog>) -> TrailReader {
    reader_until(arguments, arguments.until, catalog)
}

/// The same, for what is not later than an instant.
pub(crate) fn reader_until(
    arguments: &ReadingArguments,
    until: Option<DateTime<Utc>>,
    catalog: Arc<Catalog>,
) -> TrailReader {
    let options = ReadOptions::new()
        .since(arguments.since)
        .until(until)
        .object_limit(arguments.object_limit);
    TrailReader::new(catalog, options)
}

/// Does something on as many threads as the arguments say.
pub(crate) fn on_threads<T: Send>(
    arguments: &ReadingArguments,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    if let (Some(since), Some(until)) = (arguments.since, arguments.until)
        && since > until
    {
        let reason = "--since is later than --until\n";
        clap::Error::raw(ErrorKind::ArgumentConflict, reason).exit();
    }
    match arguments.threads {
        None => work(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build()
            .map_err(|error| Failure::Message(error.to_string()))?
            .install(work),
    }
}

/// The trail; its reconciliation is said.
pub(crate) fn trail(paths: &[PathBuf], reader: &TrailReader) -> Result<TrailRead, Failure> {
    let signals = StopOnSignal::new(reader);
    let read = with_progress(|progress| reader.read(paths, progress))?;
    if reader.is_stopped() {
        return Err(Failure::Stopped(
            "the trail was not read to its end; nothing was written".into(),
        ));
    }
    drop(signals);
    say_reconciliation(&read.reconciliation);
    if read.reconciliation.is_empty() {
        return Err(Failure::Message(
            "there is no CloudTrail record to read; a report would call everything unused".into(),
        ));
    }
    Ok(read)
}

/// Whoever goes on with a result must know that some of the trail is missing from it.
pub(crate) fn check_whole(reconciliation: &Reconciliation) -> Result<(), Failure> {
    match reconciliation.objects_failed.len() {
        0 => Ok(()),
        failed => Err(Failure::Incomplete { failed }),
    }
}

/// Accounts for what was read, and names what was set aside.
pub(crate) fn say_reconciliation(reconciliation: &Reconciliation) {
    for (index, line) in reconciliation.to_string().lines().enumerate() {
        output::say(format_args!(
            "{}{line}",
            if index == 0 { "trail: " } else { "       " }
        ));
    }
    for object in &reconciliation.objects_failed {
        let rest = match object.kind() {
            // What was listed of it was read.
            FailureKind::NotListed => "what it holds may be missing",
            _ => "none of it was taken",
        };
        output::say(format_args!("warning: {object}: {rest}"));
    }
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
