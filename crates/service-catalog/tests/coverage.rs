//! Compares the embedded table with what it was built from (AWS's service reference and lists) and with real CloudTrail records.
//! Tests that need the shared folder beside the checkout are skipped without it.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use service_catalog::build::{BuildInputs, Built, build};
use service_catalog::{Catalog, EventSource, Observability};

/// The shared data folder. Prints that the test is skipped when there is none.
fn shared_data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !folder.is_dir() {
        println!("skipped: there is no shared/data beside the checkout");
        return None;
    }
    Some(folder)
}

fn unpack(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "tar cannot unpack {}", archive.display());
    folder
}

/// The folder itself, or the only folder in it.
fn root_of(unpacked: &Path) -> PathBuf {
    let entries: Vec<_> = std::fs::read_dir(unpacked)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    match entries.as_slice() {
        [only] if only.is_dir() => only.clone(),
        _ => unpacked.to_owned(),
    }
}

/// The records of the real trail.
fn real_records(data: &Path) -> Vec<serde_json::Value> {
    let unpacked = unpack(&data.join("cloudtrail-attack-simulation-2023-07.tar.xz"));
    let mut folders = vec![unpacked.path().to_owned()];
    let mut records = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let text = std::fs::read(path).unwrap();
                let object: serde_json::Value = serde_json::from_slice(&text).unwrap();
                let list = object.get("Records").and_then(serde_json::Value::as_array);
                records.extend(list.unwrap().iter().cloned());
            }
        }
    }
    records
}

/// The catalog built anew, with all inputs but botocore's or with the service reference alone.
fn rebuild(data: &Path, reference: &Path, with_all_inputs: bool) -> Built {
    let names = data.join("service-names.json");
    let event_sources = data.join("../facts/cloudtrail-event-sources.json");
    let data_events = data.join("../facts/data-events.json");
    let mut inputs = BuildInputs::new(reference, "2026-08-22");
    if with_all_inputs {
        inputs = inputs
            .service_names(&names, "2026-09-27")
            .event_sources(&event_sources)
            .data_events(&data_events);
    }
    build(&inputs).unwrap()
}

#[test]
fn the_embedded_table_is_what_the_build_makes() {
    let Some(data) = shared_data() else { return };
    let unpacked = unpack(&data.join("service-reference-2026-08-22.tar.xz"));
    let reference = root_of(unpacked.path());
    for with_all_inputs in [true, false] {
        let built = rebuild(&data, &reference, with_all_inputs);
        // Not assert_eq: nobody wants to read two tables of a megabyte.
        assert!(
            built.catalog.to_table() == include_str!("../data/catalog.txt"),
            "the table drifted"
        );
        assert_eq!(
            built.coverage.to_text(),
            include_str!("../data/unresolved-operations.txt")
        );
        assert_eq!(built.unnamed_services, [""; 0]);
        assert_eq!(built.stale_reviews, [""; 0]);

        let coverage = built.coverage;
        assert_eq!(coverage.reference_operations, 18_666);
        assert_eq!(coverage.operations, 18_666);
        assert_eq!(coverage.resolved, 18_442);
        assert_eq!(coverage.unresolved.len(), 224);
        // The reference names an action that is more than a tag's for every operation but these.
        let named = coverage
            .unresolved
            .iter()
            .filter(|left| !left.authorized_actions.is_empty());
        assert!(
            named
                .flat_map(|left| &left.authorized_actions)
                .all(|action| action.contains("Tag"))
        );
    }
}

#[test]
fn the_embedded_catalog_has_the_reference_s_numbers() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.services().count(), 456);
    assert_eq!(catalog.unreported_namespaces().count(), 11);
    assert_eq!(catalog.action_count(), 21_788);
    assert_eq!(
        catalog
            .actions()
            .filter(|(_, action)| action.is_tracked())
            .count(),
        10_034
    );
    assert_eq!(catalog.resource_types().count(), 2_300);
}

/// Counts that the README states.
#[test]
fn the_embedded_catalog_knows_what_calls_imply() {
    let catalog = Catalog::embedded();
    let mut kinds = 0;
    let mut facts = 0;
    let mut passing_roles = 0;
    let mut decided = 0;
    let iam = catalog.service_by_namespace("iam").unwrap();
    let pass_role = catalog.action_by_name(iam, "PassRole").unwrap();
    for (_, service) in catalog.services() {
        let of_service = |kind: &service_catalog::EventKind| {
            catalog.service(kind.service()).namespace() == service.namespace()
        };
        for (id, kind) in catalog.event_kinds().filter(|(_, kind)| of_service(kind)) {
            let event_source = format!("{}.amazonaws.com", service.namespace());
            let resolved = catalog.resolve_event(&event_source, kind.name());
            assert_eq!(resolved.action, Some(kind.action()), "{}", kind.name());
            assert_eq!(resolved.kind, Some(id));
            let implied: Vec<_> = catalog.implied_actions(id).collect();
            kinds += usize::from(!implied.is_empty());
            facts += implied.len();
            passing_roles += usize::from(implied.iter().any(|one| one.action == pass_role));
            let is_decided = |one: &&service_catalog::ImpliedAction<'_>| {
                !matches!(one.when, service_catalog::ImpliedWhen::Undecided)
            };
            decided += implied.iter().filter(is_decided).count();
        }
    }
    assert_eq!(
        (kinds, facts, decided, passing_roles),
        (2_720, 3_980, 2_561, 859)
    );
    let mut states = BTreeMap::new();
    for (id, _) in catalog.actions() {
        let name = match catalog.observability(id) {
            Observability::ManagementEvent => "management event",
            Observability::DataEvent(_) => "data event",
            Observability::ManagementAndDataEvents(_) => "both",
            Observability::OnlyImplied => "only implied",
            Observability::NoOperation => "no operation",
            _ => "unknown",
        };
        *states.entry(name).or_insert(0) += 1;
    }
    let expected = [
        ("both", 6),
        ("data event", 102),
        ("management event", 11_133),
        ("no operation", 1_250),
        ("only implied", 216),
        ("unknown", 9_081),
    ];
    assert_eq!(states, BTreeMap::from(expected));
}

/// Every message of a denial in the real trail that names an action leads to that action.
#[test]
fn denials_of_a_real_trail_name_their_action() {
    let Some(data) = shared_data() else { return };
    let catalog = Catalog::embedded();
    let mut named = 0;
    for record in real_records(&data) {
        let Some(message) = record["errorMessage"].as_str() else {
            continue;
        };
        let names_one =
            message.contains("authorized to perform") && !message.contains("Encoded authorization");
        let denied = catalog.denied_action(message);
        assert_eq!(denied.is_some(), names_one, "{message}");
        let Some(denied) = denied else { continue };
        named += 1;
        assert!(denied.action.is_some(), "{message}");
        let source = record["eventSource"].as_str().unwrap();
        let resolved = catalog.resolve_event(source, record["eventName"].as_str().unwrap());
        // In this trail each message names the action that the event resolves to.
        assert_eq!(denied.action, resolved.action, "{message}");
    }
    assert_eq!(named, 14);
}

#[test]
fn every_api_call_of_a_real_trail_has_an_action() {
    let Some(data) = shared_data() else { return };
    let field = |record: &serde_json::Value, name: &str| record[name].as_str().unwrap().to_owned();
    let events: BTreeSet<(String, String)> = real_records(&data)
        .iter()
        .filter(|record| record["eventType"] == "AwsApiCall")
        .map(|record| (field(record, "eventSource"), field(record, "eventName")))
        .collect();
    let catalog = Catalog::embedded();
    for (source, name) in &events {
        assert!(
            catalog.resolve_event(source, name).action.is_some(),
            "{source} {name}"
        );
    }
    assert_eq!(events.len(), 257);
}

/// Every event source of AWS's table belongs to a service, or the catalog says that there is none for it.
#[test]
fn the_event_sources_of_aws_s_table_are_known() {
    let Some(data) = shared_data() else { return };
    let text = std::fs::read(data.join("../facts/cloudtrail-event-sources.json")).unwrap();
    let table: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let rows = table["rows"].as_array().unwrap();
    let sources: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["cloudtrail_event_source"].as_str())
        .collect();
    let catalog = Catalog::embedded();
    let without_service: Vec<&str> = sources
        .iter()
        .copied()
        .filter(|source| !matches!(catalog.event_source(source), EventSource::Services(_)))
        .collect();
    assert_eq!(sources.len(), 349);
    assert_eq!(
        without_service,
        [
            "ams-k8s.amazonaws.com",
            "application-cost-profiler.amazonaws.com",
            "deepracer.amazonaws.com",
            "emrwal.amazonaws.com",
            "enterpriseq.amazonaws.com",
            "expertq.amazonaws.com",
            "managedservices.amazonaws.com",
            "sdkmetrics.amazonaws.com",
            "signup.amazonaws.com",
        ]
    );
    for source in without_service {
        assert_eq!(catalog.event_source(source), EventSource::NoService);
    }
}
