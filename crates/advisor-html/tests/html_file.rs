//! What is in the file, as a program reads it. `web/tests` look at the pages.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::io::Read;

use advisor_core::{
    AccountData, Activity, Advisor, Attempt, CreditedAction, FindingSettings, Granularity,
    Principal, RightsizeOptions, Tracking, time,
};
use advisor_html::{HtmlOptions, ReportEncoder, write_html};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use service_catalog::Catalog;
use sha2::{Digest, Sha256};

/// An account of so many roles that may do everything with S3.
fn account(roles: usize) -> AccountData {
    let roles: Vec<Value> = (0..roles)
        .map(|index| {
            json!({
                "Path": "/", "RoleName": format!("r{index:05}"), "RoleId": format!("AROA{index:017}"),
                "Arn": format!("arn:aws:iam::111122223333:role/r{index:05}"),
                "CreateDate": "2024-03-01T09:00:00+00:00",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
                }}],
                "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [],
            })
        })
        .collect();
    let export = json!({"RoleDetailList": roles}).to_string();
    AccountData::from_export("account.json", &export).unwrap()
}

fn advisor(roles: usize) -> Advisor {
    let mut activity = Activity::new();
    activity.record(&Attempt {
        principal: Principal {
            unique_id: Some("AROA00000000000000000"),
            arn: Some("arn:aws:iam::111122223333:role/r00000"),
            account: Some("111122223333"),
        },
        service: "s3",
        action: CreditedAction::Action("ListAllMyBuckets"),
        region: "eu-west-1",
        time_millis: 1_793_404_800_250,
        event_id: "5b5d8a5e-0d1c-4a6e-9d2b-0f6f8a3c2e11",
        denied: false,
    });
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let catalog = Catalog::shared();
    Advisor::new(account(roles), &activity, catalog, Tracking::full(), now).unwrap()
}

fn file(advisor: &Advisor, options: HtmlOptions) -> String {
    file_of(advisor, &ReportEncoder::new(advisor), options)
}

fn file_of(advisor: &Advisor, encoder: &ReportEncoder, options: HtmlOptions) -> String {
    let mut file = Vec::new();
    let reports = advisor.reports(Granularity::Action);
    let options = options.granularity(Granularity::Action);
    write_html(&mut file, encoder, reports, options).unwrap();
    String::from_utf8(file).unwrap()
}

/// The content of an element, from its opening tag on.
fn element<'a>(file: &'a str, tag: &str, end: &str) -> &'a str {
    let start = file.find(tag).expect(tag) + tag.len();
    let length = file[start..].find(end).unwrap();
    &file[start..start + length]
}

fn section(file: &str, name: &str) -> Vec<u8> {
    let tag = format!("<script type=\"text/plain\" id=\"{name}\">");
    let packed = STANDARD.decode(element(file, &tag, "</script>")).unwrap();
    let mut bytes = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

fn json_section(file: &str, name: &str) -> Value {
    serde_json::from_slice(&section(file, name)).unwrap()
}

#[test]
fn the_index_counts_what_the_reports_hold() {
    let advisor = advisor(3);
    let index = json_section(&file(&advisor, HtmlOptions::default()), "index");
    let entities = &index["entities"];
    assert_eq!(entities["arn"].as_array().unwrap().len(), 3);
    let report = advisor
        .report("arn:aws:iam::111122223333:role/r00000", Granularity::Action)
        .unwrap();
    let services: Vec<_> = report.services().collect();
    let actions = services[0].tracked_actions_last_accessed.len();
    assert_eq!(entities["services"][0], services.len());
    assert_eq!(entities["actions"][0], actions);
    assert_eq!(entities["actionsUsed"], json!([1, 0, 0]));
    assert_eq!(entities["last"][0], 1_793_404_800);
    assert_eq!(entities["days"], json!([1, 0, 0]));
    let s3 = &index["services"][0];
    assert_eq!((&s3["granted"], &s3["used"]), (&json!(3), &json!(1)));
    assert_eq!(s3["actionsGranted"], actions);
    assert_eq!(s3["actionsUsed"], 1);
    assert_eq!(
        index["coverage"],
        serde_json::to_value(advisor.coverage()).unwrap()
    );
}

#[test]
fn a_report_on_nobody_says_what_is_tracked() {
    let index = json_section(&file(&advisor(0), HtmlOptions::default()), "index");
    assert_eq!(index["entities"]["arn"], json!([]));
    assert_eq!(index["hasStates"], true);
}

#[test]
fn identities_with_the_same_permissions_share_them() {
    let few = section(&file(&advisor(2), HtmlOptions::default()), "blocks");
    let many = section(&file(&advisor(200), HtmlOptions::default()), "blocks");
    assert_eq!(few.len(), many.len());
}

#[test]
fn identities_with_the_same_policies_share_their_statements() {
    let few = file(&advisor(2), HtmlOptions::default());
    let many = file(&advisor(200), HtmlOptions::default());
    for name in ["statements", "documents-0"] {
        assert_eq!(section(&few, name), section(&many, name), "{name}");
    }
    let documents = json_section(&many, "documents-0");
    let text: Value = serde_json::from_str(documents[0].as_str().unwrap()).unwrap();
    assert_eq!(text["Statement"][0]["Action"], "s3:*");
    assert_eq!(documents.as_array().unwrap().len(), 1);
}

#[test]
fn the_same_reports_give_the_same_file() {
    let advisor = advisor(20);
    let options = HtmlOptions::default();
    assert!(file(&advisor, options.clone()) == file(&advisor, options));
}

#[test]
fn an_encoder_writes_the_same_file_after_one_that_was_full() {
    let advisor = advisor(300);
    let encoder = ReportEncoder::new(&advisor).with_rightsizing(RightsizeOptions::default());
    let whole = file_of(&advisor, &encoder, HtmlOptions::default());
    let small = || HtmlOptions::default().limit(12_500);
    let full = file_of(&advisor, &encoder, small());
    assert!(full.len() < whole.len());
    assert!(full == file_of(&advisor, &encoder, small()));
    assert!(whole == file_of(&advisor, &encoder, HtmlOptions::default()));
}

#[test]
fn what_does_not_fit_is_left_out_but_for_its_row() {
    let advisor = advisor(500);
    let whole = file(&advisor, HtmlOptions::default());
    let kept = |file: &str| {
        let index = json_section(file, "index");
        let kept = index["entities"]["kept"].as_array().unwrap().clone();
        [0, 1, 2].map(|level| kept.iter().filter(|it| **it == level).count())
    };
    assert_eq!(kept(&whole), [500, 0, 0]);
    let [all, services, rows] = kept(&file(&advisor, HtmlOptions::default().limit(21_000)));
    assert_eq!(all + services + rows, 500);
    assert!(services + rows > 0, "{all} {services} {rows}");
}

#[test]
fn findings_that_are_looked_for_in_parts_are_those_of_the_account() {
    let groups: Vec<Value> = (0..1_201)
        .map(|index| {
            json!({
                "Path": "/", "GroupName": format!("g{index:05}"), "GroupId": format!("AGPA{index:017}"),
                "Arn": format!("arn:aws:iam::111122223333:group/g{index:05}"),
                "CreateDate": "2024-03-01T09:00:00+00:00",
                "GroupPolicyList": [], "AttachedManagedPolicies": [],
            })
        })
        .collect();
    // Without a user, the members of groups may have been left out of the export.
    let user = json!({
        "Path": "/", "UserName": "u", "UserId": "AIDA00000000000000000",
        "Arn": "arn:aws:iam::111122223333:user/u", "CreateDate": "2024-03-01T09:00:00+00:00",
        "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
    });
    let export = json!({"GroupDetailList": groups, "UserDetailList": [user]}).to_string();
    let account = AccountData::from_export("account.json", &export).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let (activity, catalog) = (Activity::new(), Catalog::shared());
    let advisor = Advisor::new(account, &activity, catalog, Tracking::full(), now).unwrap();
    let encoder = ReportEncoder::new(&advisor);
    let settings = FindingSettings::default();
    let entities = advisor.account().reported_entities();

    let all = advisor.findings(&settings);
    assert!(all.findings.len() >= 1_201, "empty groups");
    let at_once = encoder.clone().with_findings(&all);
    let in_parts = encoder
        .clone()
        .find(&entities, &settings, || Ok::<_, ()>(()));
    let options = HtmlOptions::default;
    let file = file_of(&advisor, &at_once, options());
    assert!(file == file_of(&advisor, &in_parts.unwrap(), options()));
    let index = json_section(&file, "index");
    assert_eq!(index["findings"]["window"], "2026-08-03/2026-10-31");

    let mut checks = 0;
    let stopped = encoder.find(&entities, &settings, || {
        checks += 1;
        if checks == 2 { Err("stopped") } else { Ok(()) }
    });
    assert_eq!(stopped.err(), Some("stopped"));
    assert_eq!(checks, 2);
}

#[test]
fn only_the_script_and_the_style_of_the_file_may_run() {
    let title = "<script>alert(1)</script>\" & more";
    let file = file(&advisor(1), HtmlOptions::default().title(title));
    assert!(file.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;&quot; &amp; more</title>"));
    let policy = element(&file, "Content-Security-Policy\" content=\"", "\"");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = element(&file, "<script>", "</script>");
    let style = element(&file, "<style>", "</style>");
    assert!(
        policy.contains(&format!("script-src {};", hash(script))),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("style-src {};", hash(style))),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none';"));
}
