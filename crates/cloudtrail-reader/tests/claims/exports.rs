//! Generated account data of Ann, a role that may do everything.

use std::sync::Arc;

use advisor_core::AccountData;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::trails::{ACCOUNT, ANN_ID, DAYS, date};

/// What differs between the exports. Days count from the first one.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// The day of the role's creation.
    created: i32,
    /// The last use that AWS remembers.
    pub(crate) last_used: Option<i32>,
    /// The date of the default version of a managed policy, and whether an older one granted everything.
    version: Option<(i32, bool)>,
}

impl Export {
    pub(crate) fn json(&self) -> String {
        let allow = |action: &str| {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
            json!({"Version": "2012-10-17", "Statement": [statement]})
        };
        let at = |day: i32| format!("{}T00:00:00Z", date(day));
        let name = "everything";
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        let mut role = json!({
            "RoleName": "ann", "RoleId": ANN_ID, "Arn": format!("arn:aws:iam::{ACCOUNT}:role/ann"),
            "CreateDate": at(self.created),
        });
        let mut policies = Vec::new();
        if let Some((created, granted_before)) = self.version {
            let before = allow(if granted_before { "*" } else { "s3:*" });
            policies.push(json!({
                "PolicyName": name, "Arn": arn, "DefaultVersionId": "v2", "CreateDate": at(-500),
                "PolicyVersionList": [
                    {"VersionId": "v2", "IsDefaultVersion": true, "CreateDate": at(created), "Document": allow("*")},
                    {"VersionId": "v1", "IsDefaultVersion": false, "CreateDate": at(-500), "Document": before},
                ],
            }));
            role["AttachedManagedPolicies"] = json!([{"PolicyName": name, "PolicyArn": arn}]);
        } else {
            let policy = json!({"PolicyName": "p", "PolicyDocument": allow("*")});
            role["RolePolicyList"] = json!([policy]);
        }
        if let Some(day) = self.last_used {
            // Of the middle of the day, so that calls of the day can be before and after it.
            let time = format!("{}T00:30:00Z", date(day));
            role["RoleLastUsed"] = json!({"LastUsedDate": time, "Region": "eu-west-1"});
        }
        let lists: [(&str, Value); 2] = [
            ("RoleDetailList", json!([role])),
            ("Policies", Value::from(policies)),
        ];
        Value::from_iter(lists).to_string()
    }

    pub(crate) fn account(&self) -> Arc<AccountData> {
        Arc::new(AccountData::from_export("inline", &self.json()).unwrap())
    }
}

pub(crate) fn exports() -> impl Strategy<Value = Export> {
    let created = prop_oneof![4 => Just(-500), 1 => 0..DAYS];
    let last_used = prop_oneof![4 => Just(None), 1 => (-1..DAYS).prop_map(Some)];
    let version = prop_oneof![3 => Just(None), 1 => (-1..DAYS, any::<bool>()).prop_map(Some)];
    (created, last_used, version).prop_map(|(created, last_used, version)| Export {
        created,
        last_used,
        version,
    })
}
