//! Reach: the actions that are possible for an identity.

use std::error::Error;
use std::time::Duration;

use advisor_core::AccountData;
use advisor_core::ReachEngine;
use advisor_core::{EntityId, EntityKind};
use benches::AccountShape;
use criterion::{Criterion, Throughput};
use rayon::prelude::*;
use serde_json::json;
use service_catalog::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .configure_from_args();
    catalog(&mut criterion);
    one_identity(&mut criterion)?;
    account(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn catalog(criterion: &mut Criterion) {
    let table = Catalog::embedded().to_table();
    let mut group = criterion.benchmark_group("catalog");
    group.throughput(Throughput::Bytes(table.len() as u64));
    group.bench_function("parse", |bencher| bencher.iter(|| Catalog::parse(&table)));
    group.finish();
}

fn one_identity(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let allow =
        json!({"Effect": "Allow", "Action": ["s3:*", "dynamodb:*", "sqs:*"], "Resource": "*"});
    let scoped = json!({
        "Effect": "Allow", "Action": ["lambda:*", "secretsmanager:Get*"],
        "Resource": ["arn:aws:lambda:*:111122223333:function:orders-*",
            "arn:aws:secretsmanager:*:111122223333:secret:orders/*"],
    });
    let denies = [
        json!({"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::payroll", "arn:aws:s3:::payroll/*"]}),
        json!({"Effect": "Deny", "Action": "dynamodb:*", "NotResource": "arn:aws:dynamodb:*:*:table/orders-*"}),
        json!({"Effect": "Deny", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:orders-*"}),
        json!({"Effect": "Deny", "Action": ["sqs:Delete*", "sqs:Purge*"], "Resource": "arn:aws:sqs:*:*:*-prod"}),
    ];
    let plain = [allow, scoped];
    let with_denies: Vec<_> = plain.iter().chain(&denies).collect();

    let mut group = criterion.benchmark_group("reach/one_identity");
    for (name, statements) in [
        ("allows", json!(plain)),
        ("scoped_denies", json!(with_denies)),
    ] {
        let arn = "arn:aws:iam::111122223333:user/one";
        let export = json!({"UserDetailList": [{
            "UserName": "one", "UserId": "AIDAEXAMPLEONEEXAMPLE", "Path": "/", "Arn": arn, "GroupList": [],
            "UserPolicyList": [{"PolicyName": "own",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        }]});
        let account = AccountData::from_export(name, &export.to_string())?;
        let entity = account.resolve(arn)?;
        let engine = ReachEngine::new(&account, Catalog::shared());
        group.bench_function(name, |bencher| {
            bencher.iter(|| engine.reach(&account, entity));
        });
    }
    group.finish();
    Ok(())
}

fn account(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let few = AccountShape::default();
    let many = AccountShape {
        scoped_deny_percent: 10,
        ..few.clone()
    };
    let mut group = criterion.benchmark_group("reach/account_of_1000");
    group.throughput(Throughput::Elements(few.identities as u64));
    for (name, shape) in [("reach", few), ("reach_many_scoped_denies", many)] {
        let account = AccountData::from_export("generated", &shape.export())?;
        let identities: Vec<EntityId> = account
            .entities()
            .filter(|(_, detail)| matches!(detail.kind, EntityKind::User | EntityKind::Role))
            .map(|(id, _)| id)
            .collect();
        if name == "reach" {
            // Documents are compiled when they are first needed.
            group.bench_function("compile_and_reach", |bencher| {
                bencher.iter(|| {
                    let engine = ReachEngine::new(&account, Catalog::shared());
                    let reaches = identities.par_iter().map(|id| engine.reach(&account, *id));
                    reaches.map(std::hint::black_box).count()
                });
            });
        }
        let engine = ReachEngine::new(&account, Catalog::shared());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let reaches = identities.par_iter().map(|id| engine.reach(&account, *id));
                reaches.map(std::hint::black_box).count()
            });
        });
    }
    group.finish();
    Ok(())
}
