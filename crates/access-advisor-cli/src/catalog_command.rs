//! `access-advisor catalog`.

use access_advisor::catalog::build::BuildInputs;
use access_advisor::catalog::{Catalog, build};
use comfy_table::Table;

use crate::arguments::{CatalogBuildArguments, CatalogShowArguments};
use crate::{Failure, input, output, plain_table};

/// Lists the services, or what the catalog has of one.
pub(crate) fn show(arguments: &CatalogShowArguments) -> Result<(), Failure> {
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let mut heading = String::new();
    let tables = match &arguments.namespace {
        None => vec![services(&catalog)],
        Some(namespace) => {
            let id = catalog.service_by_namespace(namespace).ok_or_else(|| {
                Failure::Message(format!("the catalog has no service {namespace:?}"))
            })?;
            let service = catalog.service(id);
            let sources: Vec<&str> = service.event_sources().collect();
            heading = format!("{} ({namespace})\n", service.name());
            if !sources.is_empty() {
                heading += &format!("event sources: {namespace}, {}\n", sources.join(", "));
            }
            vec![actions(&catalog, id), resource_types(&catalog, id)]
        }
    };
    output::write_result(None, |writer| {
        write!(writer, "{heading}")?;
        for (index, table) in tables.iter().enumerate() {
            if index > 0 || !heading.is_empty() {
                writeln!(writer)?;
            }
            plain_table::write(writer, table, "")?;
        }
        Ok(())
    })
}

fn services(catalog: &Catalog) -> Table {
    let mut table = plain_table::with_header(&["NAMESPACE", "NAME", "ACTIONS", "TRACKED BY AWS"]);
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

fn actions(catalog: &Catalog, id: access_advisor::catalog::ServiceId) -> Table {
    let mut table =
        plain_table::with_header(&["ACTION", "ACCESS LEVEL", "TRACKED BY AWS", "RESOURCE TYPES"]);
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

fn resource_types(catalog: &Catalog, id: access_advisor::catalog::ServiceId) -> Table {
    let mut table = plain_table::with_header(&["RESOURCE TYPE", "ARN FORMAT"]);
    for id in catalog.service(id).resource_types() {
        let resource_type = catalog.resource_type(id);
        for format in resource_type.arn_formats() {
            table.add_row([resource_type.name(), format]);
        }
    }
    table
}

/// Makes a catalog from AWS's files.
pub(crate) fn build(arguments: &CatalogBuildArguments) -> Result<(), Failure> {
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
    let built = build::build(&inputs).map_err(|error| Failure::Message(error.to_string()))?;
    for namespace in &built.unnamed_services {
        output::say(format_args!(
            "note: {namespace} is new; without --service-names its name is its namespace"
        ));
    }
    for stale in &built.stale_reviews {
        output::say(format_args!(
            "note: left out, as the service reference no longer has its action: {stale}"
        ));
    }
    let coverage = &built.coverage;
    output::say(format_args!(
        "{} services, {} actions; {} of {} operations resolve to an action",
        built.catalog.services().count(),
        built.catalog.action_count(),
        coverage.resolved,
        coverage.operations,
    ));
    output::write_result(arguments.output.as_deref(), |writer| {
        writer.write_all(built.catalog.to_table().as_bytes())
    })
}
