//! Loads what commands work on, and says on stderr what had to be set aside.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use access_advisor::{
    Account, Catalog, Finding, ObjectRead, ReadOptions, Reconciliation, TrailRead, TrailReader,
    load_account,
};
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failure, output};

/// More findings than these are counted, not named.
const MOST_FINDINGS: usize = 50;

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

/// The account data; findings are said.
pub(crate) fn account(files: &[PathBuf]) -> Result<Account, Failure> {
    let account = load_account(files)?;
    say_findings(account.findings());
    Ok(account)
}

/// Names what was set aside of account data.
pub(crate) fn say_findings(findings: &[Finding]) {
    for finding in findings.iter().take(MOST_FINDINGS) {
        output::say(format_args!("warning: {finding}"));
    }
    if let Some(more) = findings
        .len()
        .checked_sub(MOST_FINDINGS)
        .filter(|more| *more > 0)
    {
        output::say(format_args!(
            "warning: and {more} more of this kind in the account data"
        ));
    }
}

/// The trail; its reconciliation is said.
pub(crate) fn trail(
    paths: &[PathBuf],
    catalog: Arc<Catalog>,
    options: ReadOptions,
) -> Result<TrailRead, Failure> {
    let read = with_progress(|progress| TrailReader::new(catalog, options).read(paths, progress))?;
    say_reconciliation(&read.reconciliation);
    if read.reconciliation.records_read == 0 {
        return Err(Failure::Message(
            "there is no CloudTrail record to read; a report would call everything unused".into(),
        ));
    }
    Ok(read)
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
        output::say(format_args!("warning: {object}: none of it was taken"));
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

/// Does long work under a progress bar, when someone watches.
pub(crate) fn with_progress<T>(work: impl FnOnce(&(dyn Fn(ObjectRead) + Sync)) -> T) -> T {
    let bar = progress_bar();
    let done = work(&|object: ObjectRead| {
        bar.set_length(object.objects);
        bar.inc(1);
    });
    bar.finish_and_clear();
    done
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template(
        "reading the trail {bar:30} {pos}/{len} objects, {per_sec}, {eta} left",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
