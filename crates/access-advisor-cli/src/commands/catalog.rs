//! `access-advisor catalog`.

use std::path::PathBuf;

use access_advisor::catalog::build::{BuildInputs, build as build_catalog};
use access_advisor::catalog::{Catalog, ServiceId};
use chrono::NaiveDate;
use clap::{Args, Subcommand};

use crate::arguments::{CatalogArguments, OutputArguments};
use crate::exit_status;
use crate::failure::Failure;
use crate::plain_table::PlainTable;
use crate::{input, output};

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// List the services, or the actions and resource types of one
    Show(CatalogShowArguments),
    /// Build a catalog from AWS's service reference
    Build(CatalogBuildArguments),
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor catalog show s3"))]
pub(crate) struct CatalogShowArguments {
    /// The service whose actions to list, such as s3
    namespace: Option<String>,

    #[command(flatten)]
    catalog: CatalogArguments,
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor catalog build --service-reference service-reference/ \\
      --output catalog.txt
  access-advisor report --catalog catalog.txt --account account.json \\
      --trail AWSLogs/

AWS publishes one JSON file per service, listed at
https://servicereference.us-east-1.amazonaws.com/"))]
pub(crate) struct CatalogBuildArguments {
    /// Folder with the JSON files of AWS's service reference
    #[arg(long, value_name = "DIR")]
    service_reference: PathBuf,

    /// The day the service reference was downloaded [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    service_reference_date: Option<NaiveDate>,

    /// JSON object from namespaces to the display names that IAM reports [default: the built-in ones]
    #[arg(long, value_name = "FILE", requires = "service_names_date")]
    service_names: Option<PathBuf>,

    /// The day the names were downloaded
    #[arg(long, value_name = "YYYY-MM-DD", requires = "service_names")]
    service_names_date: Option<NaiveDate>,

    /// The `data` folder of a botocore package, for event sources [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    botocore: Option<PathBuf>,

    /// AWS's table of CloudTrail event sources as JSON: {"extracted": "YYYY-MM-DD", "rows":
    /// [{"service": "...", "cloudtrail_event_source": "x.amazonaws.com"}]} [default: the built-in ones]
    #[arg(long, value_name = "FILE")]
    event_sources: Option<PathBuf>,

    /// AWS's lists of data events as JSON: {"extracted": "YYYY-MM-DD", "data_event_operations":
    /// [{"event_category": "Data", "resource_types": ["..."], "event_source": "x.amazonaws.com",
    /// "operations": [{"event_name": "..."}]}]} [default: the built-in ones]
    #[arg(long, value_name = "FILE")]
    data_events: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(command: &CatalogCommand) -> Result<(), Failure> {
    match command {
        CatalogCommand::Show(arguments) => show(arguments),
        CatalogCommand::Build(arguments) => build(arguments),
    }
}

/// Lists the services, or the actions and resource types of one.
fn show(arguments: &CatalogShowArguments) -> Result<(), Failure> {
    let catalog = arguments.catalog.load()?;
    let mut heading = Vec::new();
    let tables = match &arguments.namespace {
        None => vec![services(&catalog)],
        Some(namespace) => {
            let id = catalog.service_by_namespace(namespace).ok_or_else(|| {
                Failure::Message(format!("the catalog has no service {namespace:?}"))
            })?;
            let service = catalog.service(id);
            let sources: Vec<&str> = service.event_sources().collect();
            heading.push(format!("{} ({namespace})", service.name()));
            if !sources.is_empty() {
                heading.push(format!(
                    "event sources: {namespace}, {}",
                    sources.join(", ")
                ));
            }
            vec![actions(&catalog, id), resource_types(&catalog, id)]
        }
    };
    output::write_lines(|lines| {
        for line in &heading {
            writeln!(lines, "{line}")?;
        }
        for (index, table) in tables.iter().enumerate() {
            if index > 0 || !heading.is_empty() {
                writeln!(lines)?;
            }
            table.write(lines, "")?;
        }
        Ok(())
    })
}

fn services(catalog: &Catalog) -> PlainTable {
    let mut table = PlainTable::with_header(&["NAMESPACE", "NAME", "ACTIONS", "TRACKED BY AWS"]);
    for (id, service) in catalog.services() {
        let tracked = catalog
            .actions_of(id)
            .filter(|action| catalog.action(*action).is_tracked())
            .count();
        table.add_row([
            service.namespace().to_owned(),
            service.name().to_owned(),
            service.actions().len().to_string(),
            tracked.to_string(),
        ]);
    }
    table
}

fn actions(catalog: &Catalog, id: ServiceId) -> PlainTable {
    let mut table =
        PlainTable::with_header(&["ACTION", "ACCESS LEVEL", "TRACKED BY AWS", "RESOURCE TYPES"]);
    for action in catalog.actions_of(id).map(|action| catalog.action(action)) {
        let types: Vec<&str> = action
            .resource_types()
            .iter()
            .map(|id| catalog.resource_type(*id).name())
            .collect();
        table.add_row([
            action.name().to_owned(),
            action.access_level().name().to_owned(),
            if action.is_tracked() { "yes" } else { "no" }.to_owned(),
            if types.is_empty() {
                "*".to_owned()
            } else {
                types.join(", ")
            },
        ]);
    }
    table
}

fn resource_types(catalog: &Catalog, id: ServiceId) -> PlainTable {
    let mut table = PlainTable::with_header(&["RESOURCE TYPE", "ARN FORMAT"]);
    for id in catalog.service(id).resource_types() {
        let resource_type = catalog.resource_type(id);
        for format in resource_type.arn_formats() {
            table.add_row([resource_type.name(), format]);
        }
    }
    table
}

/// Builds a catalog from AWS's files.
fn build(arguments: &CatalogBuildArguments) -> Result<(), Failure> {
    let reference_date = arguments
        .service_reference_date
        .unwrap_or_else(|| input::clock().date_naive());
    let reference_date = reference_date.to_string();
    let names_date = arguments
        .service_names_date
        .map(|date| date.to_string())
        .unwrap_or_default();
    let mut inputs = BuildInputs::new(&arguments.service_reference, &reference_date);
    if let Some(path) = &arguments.service_names {
        inputs = inputs.service_names(path, &names_date);
    }
    if let Some(data) = &arguments.botocore {
        inputs = inputs.botocore(data);
    }
    if let Some(path) = &arguments.event_sources {
        inputs = inputs.event_sources(path);
    }
    if let Some(path) = &arguments.data_events {
        inputs = inputs.data_events(path);
    }
    let built = build_catalog(&inputs)?;
    let unnamed = built.unnamed_services.iter().map(|namespace| {
        format!(
            "note: the service {namespace} is new; without --service-names its namespace is used as its name"
        )
    });
    output::say_each(unnamed, "new services");
    let stale = built.stale_reviews.iter().map(|stale| {
        format!("note: skipped, because the service reference no longer has the action: {stale}")
    });
    output::say_each(stale, "skipped actions");
    let coverage = &built.coverage;
    output::say(format_args!(
        "{} services, {} actions; {} of {} operations resolve to an action",
        built.catalog.services().count(),
        built.catalog.action_count(),
        coverage.resolved,
        coverage.operations,
    ));
    arguments
        .output
        .write(|writer| writer.write_all(built.catalog.to_table().as_bytes()))
}
