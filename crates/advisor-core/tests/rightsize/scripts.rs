//! `apply.sh` and `rollback.sh`, against a stand-in for the AWS CLI that keeps IAM's state and limits.

mod iam;
mod stand_in;

use std::collections::BTreeMap;
use std::fs;

use advisor_core::{
    CreditedAction, PolicyLimits, RightsizeOptions, Rightsized, RightsizedFile, Tracking,
};
use serde_json::{Value, json};

use self::iam::{Holder, Iam};
use self::stand_in::{Sandbox, Stop};
use crate::world::{ACCOUNT, advisor_of, covered, small_catalog, use_of};

/// A name that IAM allows for inline policies, and that a shell reads in another way.
const HOSTILE: &str = "it's-$(touch${IFS}owned)`id`\"%{x}${y};#";

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/team/{name}")
}

/// A managed policy with these versions, the last of which is the default one.
fn managed(arn: &str, numbers: &[u32], document: &Value) -> Value {
    let (name, last) = (arn.rsplit('/').next().unwrap(), numbers.last().unwrap());
    let versions = numbers.iter().map(|number| {
        let old = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": format!("Old{number}"), "Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]});
        let document = if number == last { document } else { &old };
        json!({"VersionId": format!("v{number}"), "IsDefaultVersion": number == last, "Document": document})
    });
    json!({"PolicyName": name, "PolicyId": format!("ANPA{name}"), "Arn": arn,
        "DefaultVersionId": format!("v{last}"), "PolicyVersionList": versions.collect::<Vec<_>>()})
}

fn allow(actions: &[&str], resources: usize) -> Value {
    let resources =
        (0..resources).map(|number| format!("arn:aws:sqs:*:{ACCOUNT}:queue-`{number}`"));
    let mut resources: Vec<String> = resources.collect();
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn inline(name: &str, document: Value) -> Value {
    json!({"PolicyName": name, "PolicyDocument": document})
}

/// An account with a user, a group or a role that has these policies.
fn export_of(kind: &str, inline: &[Value], policies: &[Value]) -> Value {
    let attached: Vec<Value> = (policies.iter())
        .map(|it| json!({"PolicyArn": it["Arn"], "PolicyName": it["PolicyName"]}))
        .collect();
    let key = |end: &str| format!("{kind}{end}");
    let lower = kind.to_lowercase();
    let holder = json!({
        key("Name"): "build", key("Id"): "AIDABUILD", "Path": "/",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:{lower}/build"),
        key("PolicyList"): inline, "AttachedManagedPolicies": attached, "GroupList": [],
    });
    let member = json!({
        "UserName": "ann", "UserId": "AIDAANN", "Path": "/", "GroupList": ["build"],
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"), "AttachedManagedPolicies": [],
    });
    let mut export = json!({"Policies": policies});
    if kind == "Group" {
        export["UserDetailList"] = json!([member]);
    }
    export[key("DetailList")] = json!([holder]);
    export
}

/// Right-sizes an entity whose user, role or member created queues.
fn rightsized(export: &Value, arn: &str, limits: PolicyLimits) -> Rightsized {
    let mut activity = covered();
    for kind in ["role/build", "user/build", "user/ann"] {
        let used = format!("arn:aws:iam::{ACCOUNT}:{kind}");
        use_of(
            &mut activity,
            &used,
            "sqs",
            CreditedAction::Action("CreateQueue"),
        );
    }
    let advisor = advisor_of(export, &activity, (Tracking::full(), small_catalog()));
    let options = RightsizeOptions::default().limits(limits);
    let sized = advisor.rightsizer(options).rightsize(arn).unwrap();
    assert!(sized.refused.is_none(), "{:?}", sized.refused);
    sized
}

/// What the account is to be once a proposal for a user, group or role is applied, without documents of managed policies.
fn proposed(before: &Holder, sized: &Rightsized) -> Holder {
    let mut after = before.clone();
    for policy in sized.policies.iter().filter(|policy| policy.changes) {
        match &policy.policy_arn {
            Some(arn) => after.attached.remove(&**arn),
            None => after.inline.remove(&*policy.policy_name).is_some(),
        };
    }
    for policy in &sized.new_policies {
        if serde_json::to_value(policy.policy_type).unwrap() == "INLINE" {
            let document = policy.policy_document.to_string();
            after.inline.insert(policy.policy_name.clone(), document);
        } else {
            let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{}", policy.policy_name);
            after.attached.insert(arn);
        }
    }
    after
}

/// The policies of a holder with documents by their meaning.
fn meaning(holder: &Holder) -> (BTreeMap<&String, Value>, Vec<&String>) {
    let inline = holder.inline.iter();
    let inline = inline.map(|(name, text)| (name, serde_json::from_str(text).unwrap()));
    (inline.collect(), holder.attached.iter().collect())
}

/// A holder with much to do: policies that shrink, grow, are removed and stay; inline and managed; as many as can be attached.
fn busy(kind: &str) -> (Value, PolicyLimits) {
    let uses = &["sqs:*"];
    let inlines = [
        inline("a-grows", document(&[allow(uses, 0)])),
        inline(
            HOSTILE,
            document(&[allow(uses, 2), allow(&["cloudtrail:DeleteTrail"], 20)]),
        ),
        inline("gone", document(&[allow(&["cloudtrail:DeleteTrail"], 0)])),
        inline("stays", document(&[allow(&["sqs:CreateQueue"], 1)])),
    ];
    let policies = [
        managed(
            "arn:aws:iam::aws:policy/Topics",
            &[7],
            &document(&[allow(&["sns:*", "sqs:*"], 0)]),
        ),
        managed(
            &policy_arn("Queues"),
            &[2, 3],
            &document(&[allow(uses, 3), allow(&["cloudtrail:DeleteTrail"], 1)]),
        ),
        managed(
            &policy_arn("Keys"),
            &[1],
            &document(&[allow(&["cloudtrail:DeleteTrail"], 0)]),
        ),
        managed(
            &policy_arn("Stays"),
            &[1],
            &document(&[allow(&["sqs:CreateQueue"], 2)]),
        ),
    ];
    let total = |policies: &[Value]| -> usize {
        let documents = policies
            .iter()
            .map(|it| it["PolicyDocument"].to_string().len());
        documents.sum()
    };
    let mut limits = PolicyLimits::default();
    // Nothing can be attached, and nothing can grow, before something is taken away.
    let inline_total = total(&inlines);
    (limits.inline_user, limits.inline_group, limits.inline_role) =
        (inline_total, inline_total, inline_total);
    (
        limits.attached_user,
        limits.attached_group,
        limits.attached_role,
    ) = (4, 4, 4);
    (export_of(kind, &inlines, &policies), limits)
}

/// Applies a proposal, stopped at a change, and then both undoes and finishes it. Returns whether there are so many changes.
fn stop_at(
    stop: Stop,
    before: &Iam,
    files: &[RightsizedFile],
    entity: &str,
    is_applied: &dyn Fn(&Iam) -> bool,
) -> bool {
    let sandbox = Sandbox::new(before.clone(), files);
    let stopped = sandbox.run_until(entity, "apply.sh", Some(stop));
    if stopped.success {
        assert!(is_applied(&sandbox.iam()), "{:?}", sandbox.iam());
        return false;
    }
    assert_eq!(stopped.stderr, "Could not connect\n", "{stop:?}");
    // It can be undone, and that can be stopped, too.
    let undo = Sandbox::new(sandbox.iam(), files);
    let half = Stop {
        changes: stop.changes / 2,
        ..stop
    };
    let stopped = undo.run_until(entity, "rollback.sh", Some(half));
    let undone = undo.run(entity, "rollback.sh");
    assert!(undone.success, "{stop:?}: {stopped:?} {undone:?}");
    assert_eq!(undo.iam(), *before, "{stop:?}");

    let finished = sandbox.run(entity, "apply.sh");
    assert!(finished.success, "{stop:?}: {finished:?}");
    assert!(is_applied(&sandbox.iam()), "{stop:?}: {:?}", sandbox.iam());
    true
}

/// Applies the proposal for an entity with much to do, stopped at each of these changes; the second says whether it takes effect.
fn stop_busy(kind: &str, stops: impl IntoIterator<Item = (usize, bool)>) {
    let (export, limits) = busy(kind);
    let key = format!("{}/build", kind.to_lowercase());
    let arn = format!("arn:aws:iam::{ACCOUNT}:{key}");
    let sized = rightsized(&export, &arn, limits);
    let before = Iam::of_export(&export, limits);
    let expected = proposed(&before.holders[&key], &sized);
    let is_applied = |iam: &Iam| meaning(&iam.holders[&key]) == meaning(&expected);
    let entity = key.replace('/', "-");
    for (changes, takes_effect) in stops {
        let stop = Stop {
            changes,
            takes_effect,
        };
        if !stop_at(stop, &before, &sized.files(), &entity, &is_applied) {
            assert!(changes >= 8, "{stop:?}");
            return;
        }
    }
}

// A role and a group have the same to do: between them, every change is lost once and has its answer lost once.

#[test]
fn scripts_for_roles_can_be_stopped_at_every_change() {
    stop_busy("Role", (0..).map(|changes| (changes, changes % 2 == 0)));
}

#[test]
fn scripts_for_groups_can_be_stopped_at_every_change() {
    stop_busy("Group", (0..).map(|changes| (changes, changes % 2 == 1)));
}

#[test]
fn scripts_for_users_can_be_stopped() {
    stop_busy("User", [(1, true), (5, false), (99, false)]);
}

#[test]
fn a_new_version_can_be_stopped_and_undone() {
    let arn = policy_arn("Queues");
    let policies = [managed(
        &arn,
        &[2, 3, 5, 4],
        &document(&[allow(&["sqs:*"], 2)]),
    )];
    let export = export_of("Role", &[], &policies);
    let limits = PolicyLimits::default();
    let sized = rightsized(&export, &arn, limits);
    let before = Iam::of_export(&export, limits);
    let (files, entity) = (sized.files(), "policy-Queues");
    let is_applied = |iam: &Iam| {
        let policy = &iam.policies[&arn];
        let document: Value = serde_json::from_str(&policy.versions[&policy.default]).unwrap();
        policy.versions.len() == 5 && document == *sized.new_policies[0].policy_document
    };
    for takes_effect in [false, true] {
        let stop = Stop {
            changes: 0,
            takes_effect,
        };
        assert!(stop_at(stop, &before, &files, entity, &is_applied));
    }

    // Twice changes nothing more, and what was is still known.
    let sandbox = Sandbox::new(before.clone(), &files);
    for script in ["apply.sh", "apply.sh"] {
        assert!(sandbox.run(entity, script).success);
        assert!(is_applied(&sandbox.iam()));
    }
    for script in ["rollback.sh", "rollback.sh"] {
        assert!(sandbox.run(entity, script).success);
        assert_eq!(sandbox.iam(), before);
    }
    // Another copy of the proposal can undo it.
    assert!(sandbox.run(entity, "apply.sh").success);
    let copy = Sandbox::new(sandbox.iam(), &files);
    assert!(copy.run(entity, "rollback.sh").success);
    assert_eq!(copy.iam(), before);
    // What was cannot be restored without its version; nothing is changed then.
    sandbox.change(|iam| {
        iam.policies.get_mut(&arn).unwrap().versions.remove(&4);
    });
    let broken = sandbox.iam();
    let refused = sandbox.run(entity, "rollback.sh");
    assert!(
        refused.stderr.contains("v4 is gone") && refused.stderr.contains("create-policy-version"),
        "{refused:?}"
    );
    assert_eq!(sandbox.iam(), broken);
}

#[test]
fn room_for_a_sixth_version_is_made_by_people() {
    let arn = policy_arn("Queues");
    let policies = [managed(
        &arn,
        &[8, 9, 10, 11, 12],
        &document(&[allow(&["sqs:*"], 2)]),
    )];
    let export = export_of("Role", &[], &policies);
    let limits = PolicyLimits::default();
    let sized = rightsized(&export, &arn, limits);
    assert!(sized.needs_room());
    let before = Iam::of_export(&export, limits);
    let entity = "policy-Queues";
    let sandbox = Sandbox::new(before.clone(), &sized.files());
    let refused = sandbox.run(entity, "apply.sh");
    let command = format!("aws iam delete-policy-version --policy-arn={arn} --version-id=v8\n");
    assert!(
        !refused.success && refused.stderr.ends_with(&command),
        "{refused:?}"
    );
    assert_eq!(sandbox.iam(), before);
    let saved = fs::read_to_string(sandbox.folder(entity).join("found/v8.json")).unwrap();
    assert!(saved.contains("Old8"), "{saved}");

    sandbox.change(|iam| {
        iam.policies.get_mut(&arn).unwrap().versions.remove(&8);
    });
    let with_room = sandbox.iam();
    assert!(sandbox.run(entity, "apply.sh").success);
    assert!(sandbox.run(entity, "rollback.sh").success);
    assert_eq!(sandbox.iam(), with_room);
}

/// What somebody may do to the account after the export, and what the scripts say.
type Change = (fn(&mut Iam), &'static str);

#[test]
fn an_account_that_differs_from_the_export_is_not_changed() {
    let (export, limits) = busy("Role");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/build");
    let sized = rightsized(&export, &arn, limits);
    let before = Iam::of_export(&export, limits);
    let entity = "role-build";
    let changes: [Change; 6] = [
        (
            |iam| put(iam, "gone", "{\"Statement\": []}"),
            "inline policy gone is not the one of today/gone.json.",
        ),
        (
            |iam| put(iam, "a-grows", "{\"Statement\": []}"),
            "inline policy a-grows is not the one of today/a-grows.json.",
        ),
        (
            |iam| put(iam, "more", "{}"),
            "role build does not have the policies of the account export.",
        ),
        (
            |iam| {
                build(iam).inline.remove("stays");
            },
            "role build does not have the policies of the account export.",
        ),
        (
            |iam| {
                build(iam).attached.remove(&policy_arn("Keys"));
            },
            "role build does not have the policies of the account export.",
        ),
        (
            |iam| {
                let policy = iam
                    .policies
                    .get_mut("arn:aws:iam::aws:policy/Topics")
                    .unwrap();
                policy.versions.insert(8, "{}".to_owned());
                policy.default = 8;
            },
            "arn:aws:iam::aws:policy/Topics is not the policy of today/Topics-",
        ),
    ];
    for (change, message) in changes {
        let sandbox = Sandbox::new(before.clone(), &sized.files());
        sandbox.change(change);
        let changed = sandbox.iam();
        let refused = sandbox.run(entity, "apply.sh");
        assert!(
            !refused.success && refused.stderr.contains(message),
            "{message}: {refused:?}"
        );
        assert!(
            refused.stderr.contains("Nothing was changed."),
            "{refused:?}"
        );
        assert_eq!(sandbox.iam(), changed);
    }
    // The order of keys and white space do not matter.
    let sandbox = Sandbox::new(before.clone(), &sized.files());
    sandbox.change(|iam| put(iam, "gone", "{\"Statement\" :[{ \"Resource\":[\"*\"],\"Action\":[\"cloudtrail:DeleteTrail\"], \"Effect\":\"Allow\"}],\"Version\":\"2012-10-17\"}"));
    let ran = sandbox.run(entity, "apply.sh");
    assert!(ran.success, "{ran:?}");
    // What somebody changed after it was applied is not overwritten.
    sandbox.change(|iam| put(iam, "a-grows", "{}"));
    let changed = sandbox.iam();
    let refused = sandbox.run(entity, "rollback.sh");
    assert!(
        !refused.success && refused.stderr.contains("Somebody else changed it"),
        "{refused:?}"
    );
    assert_eq!(sandbox.iam(), changed);
    // Credentials of another account change nothing.
    for script in ["apply.sh", "rollback.sh"] {
        let sandbox = Sandbox::new(before.clone(), &sized.files());
        sandbox.set_account("444455556666");
        let refused = sandbox.run(entity, script);
        assert!(
            refused
                .stderr
                .contains("the credentials are of account 444455556666"),
            "{refused:?}"
        );
        assert_eq!(sandbox.iam(), before);
    }
}

fn build(iam: &mut Iam) -> &mut Holder {
    iam.holders.get_mut("role/build").unwrap()
}

fn put(iam: &mut Iam, name: &str, document: &str) {
    build(iam)
        .inline
        .insert(name.to_owned(), document.to_owned());
}

#[test]
fn scripts_can_be_run_again_and_undo_nothing_when_nothing_was_done() {
    let (export, limits) = busy("Role");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/build");
    let sized = rightsized(&export, &arn, limits);
    let before = Iam::of_export(&export, limits);
    let entity = "role-build";
    let sandbox = Sandbox::new(before.clone(), &sized.files());
    let checked = sandbox.run_with(entity, "apply.sh", &["--check"]);
    assert!(checked.success && sandbox.iam() == before, "{checked:?}");
    assert!(!sandbox.folder(entity).join("found").exists());
    for scripts in [
        &["rollback.sh"][..],
        &["apply.sh", "apply.sh", "rollback.sh"],
        &["apply.sh", "rollback.sh", "rollback.sh"],
    ] {
        for script in scripts {
            let ran = sandbox.run(entity, script);
            assert!(ran.success, "{script}: {ran:?}");
        }
        assert_eq!(sandbox.iam(), before);
    }
    assert!(!sandbox.folder(entity).join("owned").exists());
    // It saves what it found.
    assert!(sandbox.run(entity, "apply.sh").success);
    let found = fs::read_to_string(sandbox.folder(entity).join("found/inline.json")).unwrap();
    assert!(found.contains("a-grows"), "{found}");
}
