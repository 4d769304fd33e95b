//! `access-advisor import`, `generate`, `get`, `entities` and `jobs`: what works on a store.

use std::path::Path;
use std::sync::Arc;

use access_advisor::account::AccountDataBuilder;
use access_advisor::catalog::Catalog;
use access_advisor::job::{Caller, JobId, JobState, MaxItems, PageRequest};
use access_advisor::report::Tracking;
use access_advisor::store::{ImportError, ImportedTrail, Store, StoredAdvisor};
use access_advisor::time;
use serde::Serialize;
use serde_json::json;

use crate::arguments::{
    EntitiesArguments, GenerateArguments, GetArguments, ImportAccountArguments,
    ImportTrailArguments, JobsCommand, PageArguments, StoreArguments,
};
use crate::interruption::StopOnSignal;
use crate::progress::with_progress;
use crate::{Failure, input, output, plain_table};

/// The operations on a store that is there.
pub(crate) fn operations(
    store: &Path,
    catalog: Arc<Catalog>,
    tracking: Tracking,
) -> Result<StoredAdvisor, Failure> {
    Ok(StoredAdvisor::new(
        Arc::new(Store::open(store)?),
        catalog,
        tracking,
    ))
}

pub(crate) fn import_account(arguments: &ImportAccountArguments) -> Result<(), Failure> {
    let exports = arguments
        .files
        .iter()
        .map(|file| {
            Ok((
                file.display().to_string(),
                access_advisor::account::read_text(file)?,
            ))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if !arguments.store.exists() {
        check_exports(&exports)?;
    }
    let store = Store::open_or_create(&arguments.store)?;
    let imported = store.import_accounts(&exports, input::clock())?;
    input::say_issues(&imported.issues);
    for account in &imported.accounts {
        output::say(format_args!("imported account {account}"));
    }
    Ok(())
}

/// Whether exports can be taken in, before a store is made for them: a first import that fails
/// leaves no empty store behind.
fn check_exports(exports: &[(String, String)]) -> Result<(), ImportError> {
    let mut builder = AccountDataBuilder::new();
    for (name, text) in exports {
        builder.add(name, text)?;
    }
    // AWS's own policies are no account's.
    let is_ours = |account: &str| !matches!(account, "aws" | "");
    let account = builder.build();
    if account
        .entities()
        .any(|(_, detail)| is_ours(detail.account.as_str()))
    {
        Ok(())
    } else {
        Err(ImportError::NoAccount)
    }
}

pub(crate) fn import_trail(arguments: &ImportTrailArguments) -> Result<(), Failure> {
    input::on_threads(&arguments.reading, || import_trail_here(arguments))
}

fn import_trail_here(arguments: &ImportTrailArguments) -> Result<(), Failure> {
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let reader = input::reader(&arguments.reading, catalog);
    if !arguments.store.exists() {
        // A path that is not there leaves no empty store behind.
        drop(reader.list(&arguments.paths).map_err(ImportError::from)?);
    }
    let store = Store::open_or_create(&arguments.store)?;
    let signals = StopOnSignal::new(&reader);
    let imported =
        with_progress(|progress| store.import_trail(&reader, &arguments.paths, progress))?;
    drop(signals);
    say_imported(&imported);
    let reconciliation = &imported.reconciliation;
    if imported.is_stopped {
        return Err(Failure::Stopped(
            "what is told above was taken and stays; the same command takes the rest".into(),
        ));
    }
    if arguments.strict && (reconciliation.has_faults() || !imported.changed.is_empty()) {
        return Err(Failure::Message(
            "--strict: some of the input was set aside".into(),
        ));
    }
    if imported.is_nothing() && !reconciliation.objects_failed.is_empty() {
        return Err(Failure::Message("none of the trail could be read".into()));
    }
    input::check_whole(reconciliation)
}

fn say_imported(imported: &ImportedTrail) {
    input::say_reconciliation(&imported.reconciliation);
    if imported.known > 0 {
        output::say(format_args!(
            "       {} objects were taken before",
            imported.known
        ));
    }
    if imported.outside > 0 {
        output::say(format_args!(
            "       {} objects are of other times than asked for",
            imported.outside
        ));
    }
    for name in &imported.changed {
        output::say(format_args!(
            "warning: {name}: was taken before with other content; it was not read again, as what \
             it held then is counted"
        ));
    }
}

fn caller(arguments: &StoreArguments) -> Caller {
    arguments.caller.clone().unwrap_or_else(Caller::local)
}

pub(crate) fn generate(arguments: &GenerateArguments) -> Result<(), Failure> {
    let tracking = arguments.tracking.into();
    let operations = operations(&arguments.store.store, Catalog::shared(), tracking)?;
    let caller = caller(&arguments.store);
    let now = arguments.now.unwrap_or_else(input::clock);
    let granularity = arguments.granularity.into();
    let id =
        operations.generate_completed(&caller, &arguments.arn, granularity, now, input::clock)?;
    print(&json!({ "JobId": id }))
}

pub(crate) fn get(arguments: &GetArguments) -> Result<(), Failure> {
    let operations = operations(&arguments.store.store, Catalog::shared(), Tracking::aws())?;
    let request = page(&arguments.page)?;
    print(&operations.services(&caller(&arguments.store), &arguments.job_id, request)?)
}

pub(crate) fn entities(arguments: &EntitiesArguments) -> Result<(), Failure> {
    let operations = operations(&arguments.store.store, Catalog::shared(), Tracking::aws())?;
    let request = page(&arguments.page)?;
    let caller = caller(&arguments.store);
    print(&operations.entities(&caller, &arguments.job_id, &arguments.namespace, request)?)
}

fn page(arguments: &PageArguments) -> Result<PageRequest<'_>, Failure> {
    let max_items = arguments.max_items.map(MaxItems::new).transpose()?;
    Ok(PageRequest {
        max_items,
        marker: arguments.marker.as_deref(),
    })
}

pub(crate) fn jobs(command: &JobsCommand) -> Result<(), Failure> {
    match command {
        JobsCommand::List { store } => list_jobs(&Store::open(store)?),
        JobsCommand::Delete { job_ids, store } => {
            let store = Store::open(store)?;
            for id in job_ids {
                let id = JobId::check(id)?;
                if !store.delete_job(&id)? {
                    return Err(id.not_found().into());
                }
            }
            Ok(())
        }
    }
}

fn list_jobs(store: &Store) -> Result<(), Failure> {
    let mut table =
        plain_table::with_header(&["JOB", "STATUS", "CREATED", "LEVEL", "SERVICES", "ARN", "BY"]);
    for summary in store.jobs()? {
        let job = &summary.job;
        let services = match job.state {
            JobState::Completed { .. } => summary.services.to_string(),
            _ => String::new(),
        };
        table.add_row([
            job.id.as_str(),
            job.state.status(),
            &time::format(job.created),
            job.granularity.as_str(),
            &services,
            &job.arn,
            &job.owner,
        ]);
    }
    output::write_result(None, |writer| plain_table::write(writer, &table, ""))
}

fn print(answer: &impl Serialize) -> Result<(), Failure> {
    output::write_result(None, |writer| output::write_json(writer, answer))
}
