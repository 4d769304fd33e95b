//! The permission table: a row for each statement that counts, and for what could not be evaluated.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fmt::Write as _;
use std::path::Path;

use advisor_arrow::{permission_batches, permission_schema};
use advisor_core::{AccountData, PolicySource};
use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use serde_json::json;

/// Rows as text: `column=value`, without those that are null.
fn shown(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let schema = batch.schema();
    let columns: Vec<_> = (schema.fields().iter())
        .zip(batch.columns())
        .map(|(field, column)| {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
            (field.name(), formatter)
        })
        .collect();
    let row = |row: usize| {
        let mut line = String::new();
        for (name, column) in &columns {
            let value = column.value(row).to_string();
            if value != "-" {
                write!(line, "{name}={value} ").unwrap();
            }
        }
        line.trim_end().to_owned()
    };
    (0..batch.num_rows()).map(row).collect()
}

#[test]
fn a_row_for_each_statement() {
    let export = json!({
        "UserDetailList": [{
            "UserName": "ann", "UserId": "AIDAANN", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:user/ann",
            "GroupList": ["admins", "gone"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "S3:List*"],
                     "Resource": "arn:aws:s3:::data/*"},
                    {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::logs",
                     "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                ]}}],
        }],
        "GroupDetailList": [{
            "GroupName": "admins", "GroupId": "AGPAADMINS", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:group/admins",
            "AttachedManagedPolicies": [
                {"PolicyName": "Everything", "PolicyArn": "arn:aws:iam::111122223333:policy/Everything"},
                {"PolicyName": "Lost", "PolicyArn": "arn:aws:iam::aws:policy/Lost"},
            ],
        }],
        "Policies": [{
            "PolicyName": "Everything", "PolicyId": "ANPAEVERYTHING", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:policy/Everything", "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}],
        }],
    });
    let account = AccountData::from_export("export", &export.to_string()).unwrap();
    let batches: Result<Vec<_>, _> = permission_batches(&account).collect();
    let batches = batches.unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].schema(), permission_schema());
    insta::assert_snapshot!(shown(&batches[0]).join("\n"));
}

#[test]
fn every_statement_of_the_test_account_is_there() {
    let export = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/account.json");
    let export = std::fs::read_to_string(export).unwrap();
    let account = AccountData::from_export("account.json", &export).unwrap();
    let mut expected = 0;
    for entity in account.reported_entities() {
        expected += account.entity(entity).unwrap().missing_groups.len();
        for policy in account.policies_in_effect(entity) {
            expected += match policy.document {
                PolicySource::Document(id) => account.documents()[id.index()].statements.len(),
                PolicySource::NotEvaluated(_) => 1,
            };
        }
    }
    let rows = permission_batches(&account).map(|batch| batch.unwrap().num_rows());
    let rows: usize = rows.sum();
    assert_eq!(rows, expected);
    assert!(rows > 50, "{rows}");
}

#[test]
fn no_account_is_an_empty_table() {
    assert!(permission_batches(&AccountData::default()).next().is_none());
}
