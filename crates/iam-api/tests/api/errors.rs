//! Every error of the last-accessed operations: code, status, message, as recorded.

use crate::fixture::{ADA, BRUNO, FAR, Fixture};

const GENERATE: &str = "GenerateServiceLastAccessedDetails";
const GET: &str = "GetServiceLastAccessedDetails";
const ENTITIES: &str = "GetServiceLastAccessedDetailsWithEntities";
const LIST: &str = "ListPoliciesGrantingServiceAccess";
const NO_JOB: &str = "11111111-2222-3333-4444-555555555555";

fn ve(parameter: &str, must: &str) -> String {
    format!(
        "1 validation error detected: Value at '{parameter}' failed to satisfy constraint: Member \
         must {must}"
    )
}

async fn expect(
    fixture: &Fixture,
    action: &str,
    parameters: &[(&str, &str)],
    code: &str,
    status: u16,
    message: &str,
) {
    let answer = fixture.call(ADA, action, parameters).await;
    assert_eq!(
        answer.error(),
        (code.to_owned(), status, message.to_owned()),
        "{action} {parameters:?}"
    );
    assert_eq!(answer.get("Type").unwrap(), "Sender");
}

#[tokio::test]
async fn arns() {
    let fixture = Fixture::new();
    let list = ("ServiceNamespaces.member.1", "s3");
    let nobody = "arn:aws:iam::111122223333:user/nobody";
    let other = "arn:aws:iam::999900001111:user/far";
    let china = BRUNO.replace("arn:aws:", "arn:aws-cn:");
    let bucket = "arn:aws:s3::111122223333:user/engineering/bruno";
    let root = "arn:aws:iam::111122223333:root";
    let policy = "arn:aws:iam::111122223333:policy/GuardRails";
    let long = format!("arn:aws:iam::111122223333:user/{}", "x".repeat(2048));
    let ve_short = ve("arn", "have length greater than or equal to 20");
    let ve_long = ve("arn", "have length less than or equal to 2048");
    let no_such = format!("ARN {nobody} does not exist.");
    let denied = format!(
        "User: arn:aws:iam::111122223333:user/ada is not authorized to perform the operation on \
         {other}"
    );
    let unsupported = |arn: &str| format!("Invalid Entity Arn: {arn} is not supported.");
    for action in [GENERATE, LIST] {
        for (arn, code, status, message) in [
            (nobody, "NoSuchEntity", 404, no_such.as_str()),
            (other, "AccessDenied", 403, &denied),
            (&china, "ValidationError", 400, "Invalid ARN partition"),
            (bucket, "ValidationError", 400, "Invalid service in ARN"),
            ("arn:aws:iam::1", "ValidationError", 400, &ve_short),
            ("", "ValidationError", 400, &ve_short),
            (&long, "ValidationError", 400, &ve_long),
        ] {
            expect(
                &fixture,
                action,
                &[("Arn", arn), list],
                code,
                status,
                message,
            )
            .await;
        }
        let message = ve("arn", "not be null");
        expect(&fixture, action, &[list], "ValidationError", 400, &message).await;
    }
    let arn = [("Arn", root), list];
    expect(
        &fixture,
        GENERATE,
        &arn,
        "InvalidInput",
        400,
        &unsupported(root),
    )
    .await;
    let message = format!("Could not extract entity from ARN : {root}");
    expect(&fixture, LIST, &arn, "InvalidInput", 400, &message).await;
    let arn = [("Arn", policy), list];
    expect(
        &fixture,
        LIST,
        &arn,
        "InvalidInput",
        400,
        &unsupported(policy),
    )
    .await;
    // IAM looks up entities by name, not by path.
    for arn in [
        "arn:aws:iam::111122223333:user/bruno",
        "arn:aws:iam::111122223333:user/elsewhere/bruno",
    ] {
        assert_eq!(
            fixture.call(ADA, GENERATE, &[("Arn", arn)]).await.status,
            200
        );
    }
    // A caller whose account was not imported.
    let answer = fixture.call(FAR, GENERATE, &[("Arn", other)]).await;
    assert_eq!(answer.error().0, "NoSuchEntity");
}

#[tokio::test]
async fn granularity() {
    let fixture = Fixture::new();
    let message = ve(
        "granularity",
        "satisfy enum value set: [SERVICE_LEVEL, ACTION_LEVEL]",
    );
    for text in ["", "service_level", "INVALID"] {
        let parameters = [("Arn", BRUNO), ("Granularity", text)];
        expect(
            &fixture,
            GENERATE,
            &parameters,
            "ValidationError",
            400,
            &message,
        )
        .await;
    }
    // All violations are reported at once.
    let answer = fixture.call(ADA, GENERATE, &[("Granularity", "x")]).await;
    let message = "2 validation errors detected: Value at 'arn' failed to satisfy constraint: \
                   Member must not be null; Value at 'granularity' failed to satisfy constraint: \
                   Member must satisfy enum value set: [SERVICE_LEVEL, ACTION_LEVEL]";
    assert_eq!(answer.error().2, message);
}

#[tokio::test]
async fn job_ids() {
    let fixture = Fixture::new();
    let anything = "x".repeat(36);
    for action in [GET, ENTITIES] {
        let namespace = ("ServiceNamespace", "s3");
        for id in [NO_JOB, &anything] {
            let message = format!("Job {id} does not exist.");
            let parameters = [("JobId", id), namespace];
            expect(&fixture, action, &parameters, "NoSuchEntity", 404, &message).await;
        }
        let short = ve("jobId", "have length greater than or equal to 36");
        let long = ve("jobId", "have length less than or equal to 36");
        for (id, message) in [("", &short), ("x", &short), (&"x".repeat(37), &long)] {
            let parameters = [("JobId", id), namespace];
            expect(
                &fixture,
                action,
                &parameters,
                "ValidationError",
                400,
                message,
            )
            .await;
        }
        let message = ve("jobId", "not be null");
        expect(
            &fixture,
            action,
            &[namespace],
            "ValidationError",
            400,
            &message,
        )
        .await;
    }
}

#[tokio::test]
async fn pages() {
    let fixture = Fixture::new();
    let job = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let small = ve("maxItems", "have value greater than or equal to 1");
    let great = ve("maxItems", "have value less than or equal to 1000");
    for action in [GET, ENTITIES, "ListUsers", "GetAccountAuthorizationDetails"] {
        let job = [("JobId", job.as_str()), ("ServiceNamespace", "s3")];
        let with = |more: (&'static str, &'static str)| [job[0], job[1], more];
        for (number, message) in [("0", &small), ("-1", &small), ("1001", &great)] {
            let parameters = with(("MaxItems", number));
            expect(
                &fixture,
                action,
                &parameters,
                "ValidationError",
                400,
                message,
            )
            .await;
        }
        for text in ["", "x", "1.5", "99999999999999999999"] {
            let answer = fixture.call(ADA, action, &with(("MaxItems", text))).await;
            assert_eq!(answer.error().0, "MalformedInput");
        }
        let printable = "The specified value for marker is invalid. It must contain only printable \
                         ASCII characters.";
        for (marker, message) in [
            ("", printable),
            ("é", printable),
            ("invalid", "Invalid Marker."),
            ("AQAAAAAAAAACOTk5ODk2MDYtZDY0ZC00NDg1", "Invalid Marker."),
        ] {
            let parameters = with(("Marker", marker));
            expect(
                &fixture,
                action,
                &parameters,
                "ValidationError",
                400,
                message,
            )
            .await;
        }
        let long = "x".repeat(321);
        let message = ve("marker", "have length less than or equal to 320");
        let parameters = [job[0], job[1], ("Marker", long.as_str())];
        expect(
            &fixture,
            action,
            &parameters,
            "ValidationError",
            400,
            &message,
        )
        .await;
    }
    let parameters = [
        ("Arn", BRUNO),
        ("ServiceNamespaces.member.1", "s3"),
        ("Marker", "invalid"),
    ];
    expect(
        &fixture,
        LIST,
        &parameters,
        "ValidationError",
        400,
        "Invalid Marker.",
    )
    .await;
}

#[tokio::test]
async fn markers_belong_to_their_job_and_operation() {
    let fixture = Fixture::new();
    let job = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let other = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let first = [("JobId", job.as_str()), ("MaxItems", "1")];
    let marker = fixture.call(ADA, GET, &first).await.get("Marker").unwrap();
    let users = fixture.call(ADA, "ListUsers", &[("MaxItems", "1")]).await;
    let users = users.get("Marker").unwrap();
    let invalid = "The marker passed in the request was invalid.";
    let namespace = ("ServiceNamespace", "s3");
    let list = ("ServiceNamespaces.member.1", "s3");
    let marker = ("Marker", marker.as_str());
    let users = ("Marker", users.as_str());
    for (action, parameters) in [
        (GET, vec![("JobId", other.as_str()), marker]),
        (ENTITIES, vec![("JobId", job.as_str()), namespace, marker]),
        (GET, vec![("JobId", job.as_str()), users]),
        (LIST, vec![("Arn", BRUNO), list, marker]),
        (LIST, vec![("Arn", BRUNO), list, users]),
        ("ListUsers", vec![marker]),
        ("ListRoles", vec![users]),
        ("ListUsers", vec![("PathPrefix", "/engineering/"), users]),
        ("GetGroup", vec![("GroupName", "developers"), users]),
    ] {
        expect(&fixture, action, &parameters, "InvalidInput", 400, invalid).await;
    }
    assert_eq!(fixture.call(ADA, "ListUsers", &[users]).await.status, 200);
}

#[tokio::test]
async fn namespaces_of_entities() {
    let fixture = Fixture::new();
    let job = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let job = ("JobId", job.as_str());
    for namespace in ["S3", "no-such-service", "stackd_unknown"] {
        let message = format!("Service namepace {namespace} is either invalid or unsupported.");
        let parameters = [job, ("ServiceNamespace", namespace)];
        expect(
            &fixture,
            ENTITIES,
            &parameters,
            "InvalidInput",
            400,
            &message,
        )
        .await;
    }
    let long = "x".repeat(65);
    for (namespace, must) in [
        (
            "s3:GetObject",
            "satisfy regular expression pattern: [\\w-]*",
        ),
        ("", "have length greater than or equal to 1"),
        (&long, "have length less than or equal to 64"),
    ] {
        let message = ve("serviceNamespace", must);
        let parameters = [job, ("ServiceNamespace", namespace)];
        expect(
            &fixture,
            ENTITIES,
            &parameters,
            "ValidationError",
            400,
            &message,
        )
        .await;
    }
    let message = ve("serviceNamespace", "not be null");
    expect(&fixture, ENTITIES, &[job], "ValidationError", 400, &message).await;
}

#[tokio::test]
async fn namespaces_of_a_list() {
    let fixture = Fixture::new();
    let names: Vec<String> = (1..=201)
        .map(|number| format!("ServiceNamespaces.member.{number}"))
        .collect();
    let parameters = |values: &[&'static str]| -> Vec<(&str, &str)> {
        let members = names.iter().map(String::as_str).zip(values.iter().copied());
        std::iter::once(("Arn", BRUNO)).chain(members).collect()
    };
    let unknown = "Invalid service namespace: [S3, IAM]";
    let values = parameters(&["S3", "s3", "IAM"]);
    expect(&fixture, LIST, &values, "InvalidInput", 400, unknown).await;
    let member = ve(
        "serviceNamespaces",
        "satisfy constraint: [Member must have length less than or equal to 64, Member must have \
         length greater than or equal to 1, Member must satisfy regular expression pattern: \
         [\\w-]*, Member must not be null]",
    );
    for bad in ["s3:GetObject", ""] {
        let values = parameters(&["s3", bad]);
        expect(&fixture, LIST, &values, "ValidationError", 400, &member).await;
    }
    let message = ve("serviceNamespaces", "have length less than or equal to 200");
    let values = parameters(&["s3"; 201]);
    expect(&fixture, LIST, &values, "ValidationError", 400, &message).await;
    let values = parameters(&["s3"; 200]);
    let answer = fixture.call(ADA, LIST, &values).await;
    assert_eq!(answer.all("ServiceNamespace"), ["s3"]);
    let message = ve("serviceNamespaces", "not be null");
    for parameters in [
        vec![("Arn", BRUNO)],
        vec![("Arn", BRUNO), ("ServiceNamespaces", "")],
    ] {
        expect(
            &fixture,
            LIST,
            &parameters,
            "ValidationError",
            400,
            &message,
        )
        .await;
    }
}
