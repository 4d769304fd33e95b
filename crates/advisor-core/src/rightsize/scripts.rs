//! Shell scripts that apply what is proposed, and that restore what was.
//!
//! Both look at the account before they change it, and stop when something is neither as in the account export nor as proposed. Every
//! step can be repeated. So each script can be run again, or the other one be run, after one was stopped anywhere. `rollback.sh` knows
//! what was from the export alone: it needs nothing that `apply.sh` left behind.

use crate::account::EntityKind;
use crate::text::Printable;

use super::outcome::{PolicyChange, PolicyPlace, Rightsized};
use super::paths::{new_path, today_path};
use super::steps::{Step, steps};

/// Functions of all scripts.
const COMMON: &str = include_str!("scripts/common.sh");
/// Functions of scripts for users, groups and roles.
const ENTITY: &str = include_str!("scripts/entity.sh");
/// What is done to a managed policy.
const APPLY_VERSION: &str = include_str!("scripts/apply-version.sh");
const ROLL_BACK_VERSION: &str = include_str!("scripts/rollback-version.sh");

/// A script that applies the new policies with the AWS CLI.
pub(super) fn apply(entity: &Rightsized) -> String {
    let mut script = Script::new(
        entity,
        "Applies the right-sized policies of",
        "# First it compares the account with the account export, and stops when they differ. It can be run again after it was\n\
         # stopped half-way. rollback.sh restores what was.\n",
        "Nothing was changed. Export the account again and right-size again.",
    );
    if entity.entity_type == EntityKind::Policy {
        script.text.push_str(APPLY_VERSION);
    } else {
        script.apply_steps();
    }
    script.text
}

/// A script that restores the policies of today.
pub(super) fn roll_back(entity: &Rightsized) -> String {
    let mut script = Script::new(
        entity,
        "Undoes what apply.sh did to",
        "# It restores the policies of the account export, whether apply.sh was finished or stopped half-way, and can be run again\n\
         # after it was stopped. What somebody else changed since, it does not overwrite.\n",
        "Somebody else changed it, so it is not overwritten. Nothing was changed.",
    );
    if entity.entity_type == EntityKind::Policy {
        script.text.push_str(ROLL_BACK_VERSION);
    } else {
        script.undo_steps();
    }
    script.text
}

struct Script<'a> {
    entity: &'a Rightsized,
    text: String,
}

impl<'a> Script<'a> {
    fn new(entity: &'a Rightsized, about: &str, note: &str, advice: &str) -> Self {
        let (subject, functions) = if entity.entity_type == EntityKind::Policy {
            (of_version(entity), String::new())
        } else {
            let (kind, name) = (entity.kind_word(), quoted(&entity.name));
            (format!("kind={kind}\nname={name}\n"), format!("\n{ENTITY}"))
        };
        let basis = entity.rests_on.as_ref();
        let basis = basis.map_or_else(String::new, |it| format!("# Rests on {}.\n", Printable(it)));
        let text = format!(
            "#!/bin/sh\n\
             # {about} {}.\n\
             {note}\
             {basis}\
             # Needs the AWS CLI and the usual tools of POSIX.\n\
             set -eu\n\
             cd -- \"$(dirname -- \"$0\")\"\n\n\
             {subject}\
             advice={}\n\n\
             {COMMON}{functions}\n\
             check_account {}\n",
            Printable(&entity.arn),
            quoted(advice),
            quoted(entity.account.as_str()),
        );
        Self { entity, text }
    }

    fn comment(&mut self, text: &str) {
        self.text.push_str(&format!("\n# {text}\n"));
    }

    /// A call of a function.
    fn call(&mut self, function: &str, arguments: &[&str]) {
        self.text.push_str(function);
        for argument in arguments {
            self.text.push_str(&format!(" {}", quoted(argument)));
        }
        self.text.push('\n');
    }

    /// A command of `aws iam` after the function that runs it.
    fn aws(&mut self, run: &str, command: &str, options: &[(&str, &str)]) {
        self.text.push_str(&format!("{run} aws iam {command}"));
        for (option, value) in options {
            let option = format!(" \\\n    --{option}={}", quoted(value));
            self.text.push_str(&option);
        }
        self.text.push('\n');
    }

    /// A command of `aws iam` on the entity, such as `put-role-policy`.
    fn aws_of_entity(&mut self, run: &str, verb: &str, options: &[(&str, &str)]) {
        let kind = self.entity.kind_word();
        let own = format!("{kind}-name");
        let mut all = vec![(&*own, &*self.entity.name)];
        all.extend(options);
        self.aws(run, &format!("{verb}-{kind}-policy"), &all);
    }

    fn apply_steps(&mut self) {
        let steps = steps(self.entity);
        let begun = "begun=no\nif [ -d found ]; then begun=yes; fi\n";
        self.text.push_str(begun);
        self.comment(
            "Is the account as in the export or, where apply.sh was stopped, as proposed?",
        );
        self.text.push_str("if [ \"$begun\" = no ]; then\n");
        self.check_names(PolicyPlace::Inline, "list-", "PolicyNames[]");
        self.check_names(
            PolicyPlace::Managed,
            "list-attached-",
            "AttachedPolicies[].PolicyArn",
        );
        self.text.push_str("fi\n");
        self.check_steps(&steps, "check_managed");
        self.text.push_str("stop_after_checks \"${1-}\"\n");

        self.comment("Save what is there.");
        let kind = self.entity.kind_word();
        self.text.push_str(&format!(
            "if [ \"$begun\" = no ]; then\n    \
                 rm -rf found.partial\n    \
                 mkdir found.partial\n    \
                 aws iam list-{kind}-policies --{kind}-name=\"$name\" --output=json >found.partial/inline.json\n    \
                 aws iam list-attached-{kind}-policies --{kind}-name=\"$name\" --output=json >found.partial/attached.json\n"
        ));
        for step in &steps {
            if let Step::Delete(old) | Step::Put(old, _) = step {
                let file = today_path(old).replacen("today/", "found.partial/inline-", 1);
                self.call("    save_inline", &[&old.policy_name, &file]);
            }
        }
        self.text.push_str("    mv found.partial found\nfi\n");

        self.comment(
            "What is new is granted before anything is taken away, as far as IAM's limits allow.",
        );
        let mut has_granted = false;
        for step in &steps {
            let grants = matches!(step, Step::Create(_) | Step::Attach(_));
            self.settle_between(&mut has_granted, grants);
            self.apply_step(*step);
        }
        let applied = "printf 'Applied. rollback.sh restores what was.\\n'\n";
        self.text.push_str(applied);
        let left = self.entity.policies.iter();
        for policy in left.filter(|policy| policy.left_unattached) {
            let says = format!(
                "{} is attached to nothing now. rollback.sh needs it: delete it when nobody wants to go back.",
                policy.key()
            );
            let line = format!("printf '%s\\n' {}\n", quoted(&says));
            self.text.push_str(&line);
        }
    }

    /// Waits where something was granted and the next step takes something away.
    fn settle_between(&mut self, has_granted: &mut bool, grants: bool) {
        if *has_granted && !grants {
            self.text.push_str("settle\n");
        }
        *has_granted = grants;
    }

    /// Compares the names of policies with those of the export.
    fn check_names(&mut self, place: PolicyPlace, list: &str, field: &str) {
        let policies = self.entity.policies.iter();
        let policies: Vec<&PolicyChange> = policies
            .filter(|policy| policy.policy_type == place)
            .collect();
        if policies.iter().any(|policy| policy.is_unreadable()) {
            // The name of an inline policy that could not be read is not known.
            return;
        }
        let mut names: Vec<&str> = policies.iter().map(|policy| policy.key()).collect();
        names.sort_unstable();
        self.call("    check_names", &[&[list, field], &*names].concat());
    }

    /// Checks what the steps change.
    fn check_steps(&mut self, steps: &[Step<'_>], check_detached: &str) {
        for step in steps {
            match step {
                Step::Create(new) => {
                    let arn = self.entity.arn_of_new(&new.policy_name);
                    self.call("check_new", &[&arn, &new_path(new)]);
                }
                Step::Detach(old) => self.call(check_detached, &[old.key(), &today_path(old)]),
                Step::Delete(old) => {
                    self.call("check_inline", &[&old.policy_name, &today_path(old), ""]);
                }
                Step::Put(old, new) => {
                    let files = [&*old.policy_name, &today_path(old), &new_path(new)];
                    self.call("check_inline", &files);
                }
                Step::Attach(_) => {}
            }
        }
    }

    fn apply_step(&mut self, step: Step<'_>) {
        match step {
            Step::Create(new) => {
                let file = format!("file://{}", new_path(new));
                let options = [
                    ("policy-name", &*new.policy_name),
                    ("policy-document", &file),
                ];
                self.aws("run_unless EntityAlreadyExists", "create-policy", &options);
            }
            Step::Attach(new) => {
                let arn = self.entity.arn_of_new(&new.policy_name);
                self.aws_of_entity("run", "attach", &[("policy-arn", &arn)]);
            }
            Step::Detach(old) => {
                let options = [("policy-arn", old.key())];
                self.aws_of_entity("run_unless NoSuchEntity", "detach", &options);
            }
            Step::Delete(old) => {
                let options = [("policy-name", &*old.policy_name)];
                self.aws_of_entity("run_unless NoSuchEntity", "delete", &options);
            }
            Step::Put(old, new) => {
                let file = format!("file://{}", new_path(new));
                let options = [
                    ("policy-name", &*old.policy_name),
                    ("policy-document", &file),
                ];
                self.aws_of_entity("run", "put", &options);
            }
        }
    }

    fn undo_steps(&mut self) {
        let steps = steps(self.entity);
        self.text.push_str("begun=yes\n");
        self.comment("Is everything as in the account export or as proposed?");
        self.check_steps(&steps, "check_there");
        self.comment("The steps of apply.sh are undone, the last one first.");
        let mut has_granted = false;
        for step in steps.iter().rev() {
            let grants = matches!(step, Step::Detach(_) | Step::Delete(_) | Step::Put(..));
            self.settle_between(&mut has_granted, grants);
            self.undo_step(*step);
        }
        let restored = "rm -rf found\nprintf 'Restored what was.\\n'\n";
        self.text.push_str(restored);
    }

    fn undo_step(&mut self, step: Step<'_>) {
        match step {
            Step::Create(new) => {
                let arn = self.entity.arn_of_new(&new.policy_name);
                let options = [("policy-arn", &*arn)];
                self.aws("run_unless NoSuchEntity", "delete-policy", &options);
            }
            Step::Attach(new) => {
                let arn = self.entity.arn_of_new(&new.policy_name);
                let options = [("policy-arn", &*arn)];
                self.aws_of_entity("run_unless NoSuchEntity", "detach", &options);
            }
            Step::Detach(old) => {
                self.aws_of_entity("run", "attach", &[("policy-arn", old.key())]);
            }
            Step::Delete(old) | Step::Put(old, _) => {
                self.call("restore_inline", &[&old.policy_name, &today_path(old)]);
            }
        }
    }
}

/// The variables of a script that changes a managed policy.
fn of_version(entity: &Rightsized) -> String {
    let old = entity.changed_policies().next();
    let new = entity.new_policies.first();
    let variables = [
        ("arn", entity.arn.to_string()),
        (
            "exported",
            entity
                .default_version
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
        ),
        ("exported_versions", entity.versions.join(" ")),
        ("today", old.map(today_path).unwrap_or_default()),
        ("new", new.map(new_path).unwrap_or_default()),
    ];
    let lines = variables.map(|(name, value)| format!("{name}={}\n", quoted(&value)));
    lines.concat()
}

/// A text in single quotes, in which a shell expands nothing.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(quoted("it's $(x) `y` \"z\""), "'it'\\''s $(x) `y` \"z\"'");
    }
}
