//! `access-advisor import`: account data and trails into a store.

use std::path::PathBuf;

use access_advisor::account::{AccountDataBuilder, read_exports};
use access_advisor::store::{AccountImportError, ImportedTrail, Store, TrailImportError};
use access_advisor::trail::{MissingInput, TrailReader};
use clap::{Args, Subcommand};

use crate::arguments::{CatalogArguments, ReadingArguments};
use crate::exit_status;
use crate::failure::Failure;
use crate::input;
use crate::interruption::StopOnSignal;
use crate::output;
use crate::progress::with_progress;

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Import account exports; a newer export replaces the account data and keeps activity and jobs
    Account(ImportAccountArguments),
    /// Import trails; objects that were imported before are not read again
    Trail(ImportTrailArguments),
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::account_help!("\
Example:
  aws iam get-account-authorization-details > account.json
  access-advisor import account account.json --store advisor.db"))]
pub(crate) struct ImportAccountArguments {
    /// Exports of aws iam get-account-authorization-details, of one or several accounts, or folders of
    /// them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The store; created when it does not exist
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  Folders and files; objects that were imported before are not read again:
    access-advisor import trail AWSLogs/ more.json.gz --store advisor.db

  Straight from the bucket, with the credentials that the AWS CLI uses:
    AWS_PROFILE=audit AWS_REGION=eu-west-1 access-advisor import trail \\
        s3://YOUR-TRAIL-BUCKET/AWSLogs/111122223333/ \\
        --since 2026-10-01T00:00:00Z --store advisor.db

For S3, credentials and the Region are looked up as AWS's own tools do:
AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, ..., the shared files, or the role
of the machine. AWS_ENDPOINT_URL_S3 names another server.

An object is imported once and as a whole, so here --since and --until select
objects, by the time in their names.

Ctrl-C stops after the current objects. What was imported stays; run the same
command again to resume."))]
pub(crate) struct ImportTrailArguments {
    /// CloudTrail files, folders (read recursively), `s3://bucket/prefix`, or activity files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The store; created when it does not exist
    #[arg(long, value_name = "FILE")]
    store: PathBuf,

    #[command(flatten)]
    catalog: CatalogArguments,

    /// Exit with status 1 instead of 3 when anything of the input is missing; the rest is imported
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    reading: ReadingArguments,
}

pub(crate) fn run(command: &ImportCommand) -> Result<(), Failure> {
    match command {
        ImportCommand::Account(arguments) => import_account(arguments),
        ImportCommand::Trail(arguments) => arguments.reading.on_threads(|| import_trail(arguments)),
    }
}

fn import_account(arguments: &ImportAccountArguments) -> Result<(), Failure> {
    let exports = read_exports(&arguments.files)?;
    if !arguments.store.exists() {
        check_exports(&exports)?;
    }
    let store = Store::open_or_create(&arguments.store)?;
    let imported = store.import_accounts(&exports, input::clock())?;
    input::say_issues(&imported.issues);
    let accounts = imported.accounts.iter();
    let accounts = accounts.map(|account| format!("imported account {account}"));
    output::say_each(accounts, "imported accounts");
    Ok(MissingInput::default()
        .with_issues(&imported.issues)
        .check()?)
}

/// Fails when exports cannot be imported, before a store is created: a first import that fails leaves no empty store behind.
fn check_exports(exports: &[(String, String)]) -> Result<(), AccountImportError> {
    let mut builder = AccountDataBuilder::new();
    for (name, text) in exports {
        builder.add(name, text)?;
    }
    if builder.build()?.accounts().is_empty() {
        return Err(AccountImportError::NoAccount);
    }
    Ok(())
}

fn import_trail(arguments: &ImportTrailArguments) -> Result<(), Failure> {
    let catalog = arguments.catalog.load()?;
    let reader = arguments.reading.reader(catalog);
    let is_new = !arguments.store.exists();
    if is_new {
        // A path that does not exist leaves no empty store behind.
        drop(
            reader
                .list(&arguments.paths)
                .map_err(TrailImportError::from)?,
        );
    }
    let store = Store::open_or_create(&arguments.store)?;
    let imported = import_into(&store, &reader, arguments);
    // Nor does a trail of which nothing can be used, or that was stopped before.
    if is_new && imported.is_err() {
        // The error of the import says more than one of the removal.
        _ = store.remove_if_empty();
    }
    imported
}

fn import_into(
    store: &Store,
    reader: &TrailReader,
    arguments: &ImportTrailArguments,
) -> Result<(), Failure> {
    let signals = StopOnSignal::new(reader);
    let imported =
        with_progress(|progress| store.import_trail(reader, &arguments.paths, progress))?;
    drop(signals);
    say_imported(&imported);
    let reconciliation = &imported.reconciliation;
    if imported.is_stopped {
        return Err(Failure::Stopped(
            "the objects above are imported; run the same command again to resume".into(),
        ));
    }
    let coverage = store.coverage()?;
    say_not_read_whole(&coverage.missing_log_files());
    let missing =
        MissingInput::of_trail(reconciliation, &coverage).with_changed(imported.changed.len());
    if arguments.strict && !missing.is_empty() {
        let outcome = "the rest is imported";
        return Err(Failure::Strict {
            issues: 0,
            missing,
            outcome,
        });
    }
    if imported.is_empty() && reconciliation.has_faults() {
        return Err(Failure::Message("none of the trail could be read".into()));
    }
    if !store.has_activity()? {
        return Err(Failure::Message(format!(
            "{}: there is no activity in this store, so a report would show everything as unused; nothing that was \
             imported holds an API call of a user or role. Import the log files of the trail",
            arguments.store.display()
        )));
    }
    Ok(missing.check()?)
}

/// What this import and earlier ones did not read, or not whole, and what to do.
fn say_not_read_whole(names: &[&str]) {
    const NAMED: usize = 5;
    if names.is_empty() {
        return;
    }
    let first: Vec<&str> = names.iter().take(NAMED).copied().collect();
    let more = if names.len() > NAMED { ", ..." } else { "" };
    output::say(format_args!(
        "warning: not read, or not whole, by this import and earlier ones: {}{more}. Import them whole, from the same place. One with records \
         from the future is not read again: when their time has come, import the trail into a new store",
        first.join(", ")
    ));
}

fn say_imported(imported: &ImportedTrail) {
    input::say_reconciliation(&imported.reconciliation);
    if imported.known > 0 {
        output::say(format_args!(
            "       {} objects were imported before",
            imported.known
        ));
    }
    if imported.outside > 0 {
        output::say(format_args!(
            "       {} objects are outside --since and --until",
            imported.outside
        ));
    }
    let changed = imported.changed.iter().map(|name| {
        format!(
            "warning: {name}: was imported before with other content, which is counted already and cannot be taken \
             out; it was not read again. To count what it holds now, import everything into a new store"
        )
    });
    output::say_each(
        changed,
        "objects that were imported before with other content",
    );
}
