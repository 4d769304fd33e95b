//! An account, its trail and the findings on it.

use std::ops::Range;

use advisor_core::{
    AccountData, Activity, Advisor, Attempt, Baseline, CreditedAction, DaySet, EventCategory,
    Finding, FindingSettings, Findings, Principal, Tracking, UserCredential, time,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use service_catalog::Catalog;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
/// The Region of global services.
const HOME: &str = "us-east-1";
/// 2026-01-01.
pub(crate) const FIRST: i32 = 20_454;
/// The day of the findings. The tracking period of 90 days begins on day 110.
pub(crate) const NOW: i32 = 200;

/// An export and the activity of its identities.
pub(crate) struct World {
    export: Value,
    activity: Activity,
    settings: String,
}

/// A policy document with one statement.
pub(crate) fn allow(actions: &[&str]) -> Value {
    let statement = json!({"Sid": "Own", "Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

impl World {
    /// A trail that holds both kinds of management event on all of these days, in two Regions, global services, and a log file of the
    /// next day.
    pub(crate) fn covered(days: Range<i32>) -> Self {
        let mut activity = Activity::new();
        let coverage = activity.coverage_mut();
        for region in [REGION, HOME] {
            // The next day has begun: the last one is whole.
            coverage.see_log_file(ACCOUNT, region, FIRST + days.end, region, &[]);
        }
        for (day, region) in days.flat_map(|day| [REGION, HOME].map(|region| (day, region))) {
            for kind in [
                EventCategory::ManagementRead,
                EventCategory::ManagementWrite,
            ] {
                coverage.see_record(ACCOUNT, region, kind, FIRST + day);
            }
            let call = ("iam", "ListUsers");
            coverage.see_call(
                ACCOUNT,
                HOME,
                EventCategory::ManagementRead,
                call,
                FIRST + day,
            );
        }
        Self {
            export: json!({
                "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
            }),
            activity,
            settings: String::new(),
        }
    }

    /// Adds a part of the export: a list, and what is in it beside a name, an id, an ARN and a date of creation.
    fn add(&mut self, list: &str, kind: &str, path: &str, name: &str, more: &Value) {
        let resource = kind.to_lowercase();
        let mut part = json!({
            format!("{kind}Name"): name,
            format!("{kind}Id"): format!("A{}ID{name}", &kind[..1]),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:{resource}{path}{name}"),
            "Path": path,
            "CreateDate": "2020-01-01T00:00:00Z",
        });
        if kind == "User" {
            part["GroupList"] = json!([]);
        }
        for (key, value) in more.as_object().unwrap() {
            part[key] = value.clone();
        }
        self.export[list].as_array_mut().unwrap().push(part);
    }

    pub(crate) fn role(mut self, name: &str, more: &Value) -> Self {
        let path = more["Path"].as_str().unwrap_or("/").to_owned();
        self.add("RoleDetailList", "Role", &path, name, more);
        self
    }

    /// A role with an inline policy that allows these actions on everything.
    pub(crate) fn role_with(self, name: &str, actions: &[&str]) -> Self {
        let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(actions)}]);
        self.role(name, &json!({"RolePolicyList": inline}))
    }

    pub(crate) fn user(mut self, name: &str, more: &Value) -> Self {
        self.add("UserDetailList", "User", "/", name, more);
        self
    }

    pub(crate) fn group(mut self, name: &str, more: &Value) -> Self {
        self.add("GroupDetailList", "Group", "/", name, more);
        self
    }

    pub(crate) fn policy(mut self, name: &str, actions: &[&str], more: &Value) -> Self {
        let version =
            json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": allow(actions)});
        let mut part = json!({"PolicyVersionList": [version]});
        for (key, value) in more.as_object().unwrap() {
            part[key] = value.clone();
        }
        self.add("Policies", "Policy", "/", name, &part);
        self
    }

    /// A call on a day, at noon.
    pub(crate) fn call(self, role: &str, action: &str, day: i32) -> Self {
        self.attempt(role, action, day, false)
    }

    pub(crate) fn attempt(mut self, role: &str, action: &str, day: i32, denied: bool) -> Self {
        let (service, name) = action.split_once(':').unwrap();
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        self.activity.record(&Attempt {
            principal: Principal {
                unique_id: None,
                arn: Some(&arn),
                account: Some(ACCOUNT),
            },
            service,
            action: CreditedAction::Action(name),
            region: REGION,
            time_millis: DaySet::start_of(FIRST + day) + 12 * 3_600_000,
            event_id: &format!("event-{day}"),
            denied,
        });
        self
    }

    /// A use of a user's credential on a day, at noon.
    pub(crate) fn uses(mut self, user: &str, credential: UserCredential<'_>, day: i32) -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{user}");
        let attempt = Attempt {
            principal: Principal {
                unique_id: None,
                arn: Some(&arn),
                account: Some(ACCOUNT),
            },
            service: "ec2",
            action: CreditedAction::Action("DescribeInstances"),
            region: REGION,
            time_millis: DaySet::start_of(FIRST + day) + 12 * 3_600_000,
            event_id: &format!("event-{day}"),
            denied: false,
        };
        self.activity.record_credential(credential, &attempt);
        self
    }

    /// The last page says that more follow.
    pub(crate) fn truncated(mut self) -> Self {
        self.export["IsTruncated"] = true.into();
        self
    }

    pub(crate) fn settings(mut self, settings: &str) -> Self {
        settings.clone_into(&mut self.settings);
        self
    }

    pub(crate) fn advisor(&self) -> Advisor {
        let account = AccountData::from_export("inline", &self.export.to_string()).unwrap();
        let catalog = Catalog::shared();
        Advisor::new(account, &self.activity, catalog, Tracking::aws(), now()).unwrap()
    }

    pub(crate) fn findings(&self) -> Findings {
        let settings = FindingSettings::parse(&self.settings).unwrap();
        self.advisor().findings(&settings)
    }

    /// The findings that an earlier run does not have.
    pub(crate) fn new_findings(&self, baseline: &Baseline) -> Findings {
        let settings = FindingSettings::parse(&self.settings).unwrap();
        self.advisor().new_findings(&settings, baseline)
    }

    /// `kind name subject: severity` of each finding.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.findings().findings.iter().map(line).collect()
    }
}

pub(crate) fn line(finding: &Finding) -> String {
    let name = finding.resource.rsplit('/').next().unwrap();
    let subject = if finding.subject.is_empty() {
        String::new()
    } else {
        format!(" {}", finding.subject)
    };
    format!("{} {name}{subject}: {}", finding.kind, finding.severity)
}

pub(crate) fn now() -> DateTime<Utc> {
    time::from_millis(DaySet::start_of(FIRST + NOW))
}
