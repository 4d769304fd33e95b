//! A role with policies, and a trail that would show every management event.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use advisor_core::{
    AccountData, Activity, Advisor, Attempt, CreditedAction, DaySet, EventCategory, Principal,
    Tracking,
};
use chrono::DateTime;
use serde_json::{Value, json};
use service_catalog::Catalog;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/build";
/// 2026-01-01.
const FIRST: i32 = 20_454;
const DAYS: i32 = 100;

/// The services of the small catalog.
const SERVICES: [&str; 6] = [
    "cloudtrail",
    "kms",
    "network-security-manager",
    "sns",
    "sqs",
    "sts",
];

/// The catalog with a few services: with all of them, what allows everything keeps ten thousand actions of which nothing is known.
pub(crate) fn small_catalog() -> Arc<Catalog> {
    static CATALOG: OnceLock<Arc<Catalog>> = OnceLock::new();
    let make = || {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../service-catalog/data/catalog.txt");
        let table = std::fs::read_to_string(path).unwrap();
        let mut is_kept = true;
        let lines = table.lines().filter(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            if fields[0] == "service" {
                is_kept = SERVICES.contains(&fields[1]);
            }
            // What actions of other services imply is not there.
            let is_of_others = fields[0] == "implies"
                && (fields[2].split_once(':')).is_some_and(|(of, _)| !SERVICES.contains(&of));
            is_kept && !is_of_others
        });
        let lines: Vec<&str> = lines.collect();
        Arc::new(Catalog::parse(&format!("{}\n", lines.join("\n"))).unwrap())
    };
    CATALOG.get_or_init(make).clone()
}

/// The account and the activity of a test.
pub(crate) struct World {
    inline: Vec<Value>,
    policies: Vec<Value>,
    groups: Vec<Value>,
    activity: Activity,
    /// How many days the trail ends before the present.
    pub(crate) days_ago: i32,
    /// When IAM says that the role was used last.
    pub(crate) last_used: Option<&'static str>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            inline: Vec::new(),
            policies: Vec::new(),
            groups: Vec::new(),
            activity: covered(),
            days_ago: 0,
            last_used: None,
        }
    }

    pub(crate) fn inline(&mut self, name: &str, document: Value) {
        self.inline
            .push(json!({"PolicyName": name, "PolicyDocument": document}));
    }

    pub(crate) fn managed(&mut self, name: &str, document: Value) {
        self.policies.push(managed_policy(name, document));
    }

    pub(crate) fn empty_group(&mut self, name: &str) {
        self.groups.push(json!({
            "GroupName": name, "GroupId": "AGPAIDLE", "Arn": format!("arn:aws:iam::{ACCOUNT}:group/{name}"),
            "GroupPolicyList": [], "AttachedManagedPolicies": [],
        }));
    }

    pub(crate) fn used(&mut self, service: &str, action: &str) {
        use_of(
            &mut self.activity,
            ROLE,
            service,
            CreditedAction::Action(action),
        );
    }

    pub(crate) fn used_event(&mut self, service: &str, event: &str) {
        use_of(
            &mut self.activity,
            ROLE,
            service,
            CreditedAction::Event(event),
        );
    }

    pub(crate) fn advisor(&self, tracking: Tracking) -> Advisor {
        let attached: Vec<Value> = (self.policies.iter())
            .map(|it| json!({"PolicyArn": it["Arn"], "PolicyName": it["PolicyName"]}))
            .collect();
        let mut role = role("build", &self.inline, &attached);
        if let Some(time) = self.last_used {
            role["RoleLastUsed"] = json!({"LastUsedDate": time, "Region": "eu-west-1"});
        }
        let export = json!({"RoleDetailList": [role], "Policies": self.policies, "GroupDetailList": self.groups});
        let days = FIRST + DAYS + self.days_ago;
        advisor_on(days, &export, &self.activity, (tracking, small_catalog()))
    }

    /// The trail has data events on topics.
    pub(crate) fn log_queues(&mut self) {
        let coverage = self.activity.coverage_mut();
        let queue = "AWS::SQS::Queue";
        let kinds = [
            EventCategory::DataRead(queue),
            EventCategory::DataWrite(queue),
        ];
        for (day, kind) in (FIRST..FIRST + DAYS).flat_map(|day| kinds.map(|kind| (day, kind))) {
            for region in ["eu-west-1", "us-east-1"] {
                coverage.see_record(ACCOUNT, region, kind, day);
            }
        }
    }
}

/// A role of the account.
pub(crate) fn role(name: &str, inline: &[Value], attached: &[Value]) -> Value {
    json!({
        "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "RolePolicyList": inline, "AttachedManagedPolicies": attached,
    })
}

/// A user of the account.
pub(crate) fn user(name: &str, inline: &[Value], attached: &[Value], groups: &[&str]) -> Value {
    json!({
        "UserName": name, "UserId": format!("AIDA{name}"), "Path": "/",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "GroupList": groups,
        "UserPolicyList": inline, "AttachedManagedPolicies": attached,
    })
}

/// A group of the account.
pub(crate) fn group(name: &str, inline: &[Value], attached: &[Value]) -> Value {
    json!({
        "GroupName": name, "GroupId": format!("AGPA{name}"), "Path": "/",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:group/{name}"),
        "GroupPolicyList": inline, "AttachedManagedPolicies": attached,
    })
}

/// A managed policy of the account.
pub(crate) fn managed_policy(name: &str, document: Value) -> Value {
    json!({
        "PolicyName": name, "PolicyId": format!("ANPA{name}"),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), "DefaultVersionId": "v1",
        "PolicyVersionList": [{"Document": document, "VersionId": "v1", "IsDefaultVersion": true}],
    })
}

pub(crate) fn advisor(
    roles: &[Value],
    policies: &[Value],
    groups: &[Value],
    activity: &Activity,
    (tracking, catalog): (Tracking, Arc<Catalog>),
) -> Advisor {
    let export = json!({"RoleDetailList": roles, "Policies": policies, "GroupDetailList": groups});
    advisor_of(&export, activity, (tracking, catalog))
}

pub(crate) fn advisor_of(
    export: &Value,
    activity: &Activity,
    with: (Tracking, Arc<Catalog>),
) -> Advisor {
    advisor_on(FIRST + DAYS, export, activity, with)
}

/// An advisor as of the start of a day.
fn advisor_on(
    day: i32,
    export: &Value,
    activity: &Activity,
    (tracking, catalog): (Tracking, Arc<Catalog>),
) -> Advisor {
    let account = AccountData::from_export("inline", &export.to_string()).unwrap();
    let now = DateTime::from_timestamp_millis(DaySet::start_of(day)).unwrap();
    Advisor::new(account, activity, catalog, tracking, now).unwrap()
}

/// A trail that holds both kinds of management event on all days, in two Regions, and global services.
pub(crate) fn covered() -> Activity {
    let mut activity = Activity::new();
    let coverage = activity.coverage_mut();
    for day in FIRST..FIRST + DAYS {
        for region in ["eu-west-1", "us-east-1"] {
            coverage.see_record(ACCOUNT, region, EventCategory::ManagementRead, day);
            coverage.see_record(ACCOUNT, region, EventCategory::ManagementWrite, day);
        }
        let (read, call) = (EventCategory::ManagementRead, ("iam", "ListUsers"));
        coverage.see_call(ACCOUNT, "us-east-1", read, call, day);
    }
    activity
}

pub(crate) fn use_of(
    activity: &mut Activity,
    arn: &str,
    service: &str,
    action: CreditedAction<'_>,
) {
    let attempt = Attempt {
        principal: Principal {
            unique_id: None,
            arn: Some(arn),
            account: Some(ACCOUNT),
        },
        service,
        action,
        region: "eu-west-1",
        time_millis: DaySet::start_of(FIRST + 50),
        event_id: "e-1",
        denied: false,
    };
    assert!(activity.record(&attempt));
}
