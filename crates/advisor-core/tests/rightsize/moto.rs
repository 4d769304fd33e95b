//! AWS's managed policies, as the Python package moto has them, with a random set of used actions.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use advisor_core::{
    CreditedAction, RightsizeOptions, Rightsized, Tracking, Wildcards, shortest_actions,
};
use iam_policy_parser::{ActionElement, ActionPattern};
use rayon::prelude::*;
use serde_json::{Value, json};
use service_catalog::{Action, ActionId, Catalog};

use crate::evaluator::{Evaluated, may_apply};
use crate::world::{ACCOUNT, advisor, covered, managed_policy, role, use_of};

/// The documents by name; `None` without moto.
fn documents() -> Option<Vec<(String, Value)>> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let program = "from moto.iam.aws_managed_policies import aws_managed_policies_data as data\n\
                   print(data)";
    let output = Command::new(python).args(["-c", program]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let policies: Value = serde_json::from_slice(&output.stdout).unwrap();
    let policies = policies.as_object().unwrap().iter();
    Some(
        policies
            .map(|(name, it)| (name.clone(), it["Document"].clone()))
            .collect(),
    )
}

/// A small generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// The actions of a document, as they are written.
fn named(document: &Value) -> impl Iterator<Item = &str> {
    let statements = match &document["Statement"] {
        Value::Array(list) => &**list,
        one => std::slice::from_ref(one),
    };
    statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(list) => &**list,
            one => std::slice::from_ref(one),
        })
        .filter_map(Value::as_str)
}

#[test]
fn all_managed_policies_of_moto_are_right_sized() {
    let Some(documents) = documents() else {
        eprintln!("skipped: there is no moto in .venv; cargo xtask test makes it");
        return;
    };
    assert!(documents.len() > 1_000, "{}", documents.len());
    let catalog = Catalog::embedded();
    let known: Vec<String> = (catalog.actions())
        .map(|(_, action)| {
            let namespace = catalog.service(action.service()).namespace();
            format!("{namespace}:{}", action.name())
        })
        .collect();
    let all: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut numbers = Numbers(42);
    let mut activity = covered();
    let (mut roles, mut policies, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (name, document)) in documents.iter().enumerate() {
        let policy = managed_policy(name, document.clone());
        let attached = [json!({"PolicyArn": policy["Arn"], "PolicyName": name})];
        policies.push(policy);
        roles.push(role(&format!("r{number}"), &[], &attached));
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/r{number}");
        // Actions that the policy names, and others.
        let mut picked: Vec<&str> = (0..4).map(|_| &*known[numbers.next(known.len())]).collect();
        let named: Vec<&str> = named(document).filter(|it| all.contains(it)).collect();
        if !named.is_empty() {
            picked.extend((0..4).map(|_| named[numbers.next(named.len())]));
        }
        for action in &picked {
            let (service, name) = action.split_once(':').unwrap();
            use_of(&mut activity, &arn, service, CreditedAction::Action(name));
        }
        used.push(picked);
    }
    let advisor = advisor(
        &roles,
        &policies,
        &[],
        &activity,
        (Tracking::full(), Catalog::shared()),
    );
    let options = RightsizeOptions::default().wildcards(Wildcards::Safe);
    let rightsizer = advisor.rightsizer(options);
    let check = |number: usize| -> bool {
        let (name, document) = &documents[number];
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/r{number}");
        let sized: Rightsized = rightsizer.rightsize(&arn).unwrap();
        assert!(sized.refused.is_none(), "{name}: {:?}", sized.refused);
        if !sized.changes() {
            return false;
        }
        assert!(sized.proof.is_some(), "{name}");
        // Used actions, random ones, and names of the future.
        let mut numbers = Numbers(number as u64);
        let mut probes: Vec<&str> = used[number].clone();
        probes.extend((0..20).map(|_| &*known[numbers.next(known.len())]));
        probes.extend([
            "s3:GetFuture",
            "ec2:DescribeFuture",
            "iam:ListFuture",
            "new:Thing",
        ]);
        let resources = [
            "*",
            "arn:aws:s3:::bucket/key",
            "arn:aws:iam::111122223333:role/x",
        ];
        let old = Evaluated::new(&[document], &probes, &resources, &[]);
        let new = sized.new_policies.iter().map(|it| &*it.policy_document);
        let new = Evaluated::new(&new.collect::<Vec<&Value>>(), &probes, &resources, &[]);
        for (at, action) in probes.iter().enumerate() {
            let is_used = used[number].contains(action);
            for (resource, arn) in resources.iter().enumerate() {
                let before = old.allows(at, resource);
                let after = new.allows(at, resource);
                assert!(after & !before == 0, "{name}: {action} is new");
                let is_needed = is_used && may_apply(action, arn);
                assert!(
                    before & !after == 0 || !is_needed,
                    "{name}: {action} is lost"
                );
            }
        }
        true
    };
    let numbers = (0..documents.len()).into_par_iter();
    let changed = numbers.filter(|number| check(*number)).count();
    assert!(changed > 500, "{changed}");
}

/// What the algorithm of npm's @cloud-copilot/iam-shrink 0.1.35 makes of the same list of actions in as many iterations as it takes, in characters of a
/// JSON list; with its default of 2 iterations, 65,943. It may grant what AWS adds later.
const CHARACTERS_OF_IAM_SHRINK: usize = 45_532;

#[test]
fn the_actions_of_read_only_access_take_few_characters() {
    let Some(documents) = documents() else {
        eprintln!("skipped: there is no moto in .venv; cargo xtask test makes it");
        return;
    };
    let (_, document) = documents
        .iter()
        .find(|(name, _)| name == "ReadOnlyAccess")
        .unwrap();
    let catalog = Catalog::embedded();
    let granted = matched(named(document));
    assert!(granted.len() > 6_000, "{}", granted.len());
    let everything = ActionElement::Action(vec!["*".parse().unwrap()]);
    let start = std::time::Instant::now();
    let list = shortest_actions(catalog, &granted, &everything, Wildcards::Safe);
    let characters: usize = list.iter().map(|text| text.len() + 3).sum();
    println!("{characters} characters, {:?}", start.elapsed());
    assert!(characters < CHARACTERS_OF_IAM_SHRINK, "{characters}");
    // They match these actions and no other.
    assert_eq!(matched(list.iter().map(String::as_str)), granted);
}

/// The actions that patterns match, each of one service.
fn matched<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<ActionId> {
    let catalog = Catalog::embedded();
    let mut of_service: HashMap<String, Vec<ActionPattern>> = HashMap::new();
    for text in texts {
        let pattern: ActionPattern = text.parse().unwrap();
        let service = pattern.service().unwrap().to_owned();
        of_service.entry(service).or_default().push(pattern);
    }
    let is_matched = |(_, action): &(ActionId, &Action)| {
        let namespace = catalog.service(action.service()).namespace();
        let mut patterns = of_service.get(namespace).into_iter().flatten();
        patterns.any(|pattern| pattern.matches(namespace, action.name()))
    };
    catalog
        .actions()
        .filter(is_matched)
        .map(|(id, _)| id)
        .collect()
}
