//! Pages and markers.

use advisor_core::{Caller, JobId, MaxItems, PageRequest};
use advisor_store::Store;
use serde_json::{Value, json};

use crate::world::{TARGET, TEAM, World, document, json, namespaces, operations, refused};

#[test]
fn pages_of_services_may_change_their_size() {
    let mut world = World::new();
    world.allow("target", &["*"]);
    world.import();
    let job = world.completed(TARGET);
    let page = |max_items: Option<i64>, marker: Option<&str>| {
        let max_items = max_items.map(|number| MaxItems::new(number).unwrap());
        let request = PageRequest::new().max_items(max_items).marker(marker);
        let answer = world
            .operations
            .services(&Caller::local(), job.as_str(), request);
        json(&answer.unwrap())
    };
    let whole = page(Some(1000), None);
    assert_eq!(whole["IsTruncated"], false);
    assert_eq!(whole.get("Marker"), None);
    let all = namespaces(&whole);
    assert!(all.is_sorted() && all.len() > 400);

    let sizes = [Some(1), None, Some(7), None, Some(1000)];
    let (mut seen, mut marker) = (Vec::new(), None);
    for size in sizes {
        let answer = page(size, marker.as_deref());
        for field in [
            "JobStatus",
            "JobType",
            "JobCreationDate",
            "JobCompletionDate",
        ] {
            assert_eq!(
                answer[field], whole[field],
                "every page repeats the job's fields"
            );
        }
        let names = namespaces(&answer);
        marker = answer["Marker"].as_str().map(str::to_owned);
        assert_eq!(answer["IsTruncated"], marker.is_some());
        if marker.is_some() {
            assert_eq!(names.len(), size.unwrap_or(200) as usize);
        }
        seen.extend(names);
    }
    assert_eq!(marker, None);
    assert_eq!(seen, all);
    // A page that ends with the list is the last one.
    let length = i64::try_from(all.len()).unwrap();
    assert_eq!(page(Some(length), None)["IsTruncated"], false);
    assert_eq!(page(Some(length - 1), None)["IsTruncated"], true);
}

#[test]
fn a_marker_of_entities_is_valid_for_another_namespace() {
    let mut world = World::new();
    let document = document(&["s3:*", "sqs:*"]);
    world.change(
        "PutGroupPolicy",
        &json!({"GroupName": "team", "PolicyName": "p", "PolicyDocument": document}),
    );
    for name in ["a", "b", "c", "d"] {
        world.change("CreateUser", &json!({"UserName": name}));
        world.join_team(name);
    }
    world.import();
    world.attempt("d", "sqs", "ListQueues", "2026-10-01T00:00:00Z");
    let job = world.completed(TEAM);
    assert_eq!(world.entity_names(&job, "s3"), ["a", "b", "c", "d"]);
    assert_eq!(world.entity_names(&job, "sqs"), ["d", "a", "b", "c"]);
    let page = |namespace: &str, max_items: i64, marker: Option<&str>| {
        let max_items = Some(MaxItems::new(max_items).unwrap());
        let request = PageRequest::new().max_items(max_items).marker(marker);
        let caller = Caller::local();
        let answer = world
            .operations
            .entities(&caller, job.as_str(), namespace, request);
        let answer = json(&answer.unwrap());
        let entities = answer["EntityDetailsList"].as_array().unwrap();
        let names: Vec<String> = entities
            .iter()
            .map(|entity| entity["EntityInfo"]["Name"].as_str().unwrap().to_owned())
            .collect();
        let marker = answer["Marker"].as_str().map(str::to_owned);
        assert_eq!(answer["IsTruncated"], marker.is_some());
        (names, marker)
    };
    let (names, marker) = page("s3", 1, None);
    assert_eq!(names, ["a"]);
    let (names, marker) = page("sqs", 2, marker.as_deref());
    assert_eq!(names, ["a", "b"]);
    // A service that is not in the report has no entity at that position.
    assert_eq!(page("ec2", 2, marker.as_deref()), (vec![], None));
    assert_eq!(
        page("s3", 1000, marker.as_deref()),
        (vec!["d".into()], None)
    );
}

#[test]
fn markers_of_other_lists_are_rejected() {
    let mut world = World::new();
    world.allow("target", &["*"]);
    world.join_team("target");
    world.change("CreateUser", &json!({"UserName": "other"}));
    world.join_team("other");
    world.import();
    let [job, other, team] = [TARGET, TARGET, TEAM].map(|arn| world.completed(arn));
    let caller = Caller::local();
    let one = Some(MaxItems::new(1).unwrap());
    let services = |job: &JobId, marker: Option<&str>| {
        let max_items = one;
        let request = PageRequest::new().max_items(max_items).marker(marker);
        world.operations.services(&caller, job.as_str(), request)
    };
    let entities = |job: &JobId, marker: Option<&str>| {
        let max_items = one;
        let request = PageRequest::new().max_items(max_items).marker(marker);
        world
            .operations
            .entities(&caller, job.as_str(), "sqs", request)
    };
    let marker = |answer: Value| answer["Marker"].as_str().unwrap().to_owned();
    let of_services = marker(json(&services(&job, None).unwrap()));
    let of_entities = marker(json(&entities(&team, None).unwrap()));
    let of_another = "InvalidInput 400: The marker passed in the request was invalid.";
    assert_eq!(refused(services(&other, Some(&of_services))), of_another);
    assert_eq!(refused(entities(&job, Some(&of_services))), of_another);
    assert_eq!(refused(services(&team, Some(&of_entities))), of_another);
    assert_eq!(refused(entities(&job, Some(&of_entities))), of_another);
    let empty = "ValidationError 400: The specified value for marker is invalid. It must contain \
                 only printable ASCII characters.";
    assert_eq!(refused(services(&job, Some(""))), empty);
    let invalid = "ValidationError 400: Invalid Marker.";
    assert_eq!(refused(services(&job, Some("invalid"))), invalid);
    assert_eq!(refused(entities(&job, Some("invalid"))), invalid);
    // A marker of another store is sealed with another key.
    let elsewhere = World::new();
    let key = elsewhere.operations.store().marker_key();
    let forged = key.seal(advisor_core::PagedOperation::Services, &job, 1);
    assert_eq!(refused(services(&job, Some(&forged))), invalid);
    // Another process with the same store accepts the marker. It is checked for jobs in progress too.
    let again = operations(Store::open(&world.path()).unwrap());
    let request = PageRequest::new().max_items(one).marker(&*of_services);
    let second = json(&again.services(&caller, job.as_str(), request).unwrap());
    assert_eq!(second, json(&services(&job, Some(&of_services)).unwrap()));
    let in_progress = world.generate(TARGET);
    assert_eq!(
        refused(services(&in_progress, Some(&of_services))),
        of_another
    );
}
