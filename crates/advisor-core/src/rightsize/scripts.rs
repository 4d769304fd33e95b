//! Shell scripts that apply what is proposed, and that restore what was.

use crate::account::EntityKind;
use crate::text::Printable;

use super::outcome::{PolicyPlace, Rightsized};
use super::paths::{new_path, today_path};

/// A script that applies the new policies with the AWS CLI. What is new is granted before anything is taken away.
pub(super) fn apply(entity: &Rightsized) -> String {
    let what = "Applies the right-sized policies of";
    let mut script = Script::new(entity, what, "rollback.sh restores what was.");
    if entity.entity_type == EntityKind::Policy {
        script.apply_version();
        return script.text;
    }
    let (inline, managed): (Vec<_>, Vec<_>) =
        (entity.new_policies.iter()).partition(|policy| policy.policy_type == PolicyPlace::Inline);
    for policy in &managed {
        let file = format!("file://{}", new_path(policy));
        script.aws(
            "create-policy",
            &[
                ("policy-name", &policy.policy_name),
                ("policy-document", &file),
            ],
        );
    }
    let attach = managed
        .iter()
        .map(|policy| entity.arn_of_new(&policy.policy_name));
    let detach = entity
        .changed_policies()
        .filter_map(|policy| policy.policy_arn.as_deref());
    let attached = entity
        .policies
        .iter()
        .filter(|it| it.policy_arn.is_some())
        .count();
    script.swap(
        &attach.collect::<Vec<_>>(),
        &detach.map(str::to_owned).collect::<Vec<_>>(),
        attached,
    );
    for policy in inline {
        script.put(&policy.policy_name, &new_path(policy));
    }
    let kept: Vec<&str> = (entity.new_policies.iter())
        .filter(|policy| policy.policy_type == PolicyPlace::Inline)
        .map(|policy| &*policy.policy_name)
        .collect();
    for policy in entity.changed_policies() {
        if policy.policy_type == PolicyPlace::Inline && !kept.contains(&&*policy.policy_name) {
            script.delete_inline(&policy.policy_name);
        }
    }
    script.text
}

/// A script that restores the policies of today.
pub(super) fn roll_back(entity: &Rightsized) -> String {
    let what = "Restores the policies that apply.sh replaced, of";
    let mut script = Script::new(entity, what, "They are those of the account export.");
    if entity.entity_type == EntityKind::Policy {
        script.roll_back_version();
        return script.text;
    }
    for policy in entity.changed_policies() {
        if policy.policy_type == PolicyPlace::Inline {
            script.put(&policy.policy_name, &today_path(policy));
        }
    }
    let attach = entity
        .changed_policies()
        .filter_map(|policy| policy.policy_arn.as_deref());
    let attach: Vec<String> = attach.map(str::to_owned).collect();
    let new = entity.new_policies.iter();
    let new = new.filter(|policy| policy.policy_type == PolicyPlace::Managed);
    let detach: Vec<String> = new
        .map(|policy| entity.arn_of_new(&policy.policy_name))
        .collect();
    let attached = entity
        .policies
        .iter()
        .filter(|it| it.policy_arn.is_some())
        .count();
    let attached = attached - attach.len() + detach.len();
    script.swap(&attach, &detach, attached);
    for arn in &detach {
        script.aws("delete-policy", &[("policy-arn", arn)]);
    }
    script.text
}

struct Script<'a> {
    entity: &'a Rightsized,
    text: String,
}

impl<'a> Script<'a> {
    fn new(entity: &'a Rightsized, what: &str, note: &str) -> Self {
        let account = quoted(entity.account.as_str());
        let arn = Printable(&entity.arn);
        let text = format!(
            "#!/bin/sh\n\
             # {what} {arn}.\n\
             # {note}\n\
             set -eu\n\
             cd -- \"$(dirname -- \"$0\")\"\n\
             account=$(aws sts get-caller-identity --query Account --output text)\n\
             if [ \"$account\" != {account} ]; then\n    \
                 printf 'error: the credentials are of account %s, not of %s\\n' \"$account\" {account} >&2\n    \
                 exit 1\n\
             fi\n\n"
        );
        Self { entity, text }
    }

    /// A command of `aws iam`.
    fn aws(&mut self, command: &str, options: &[(&str, &str)]) {
        self.text.push_str(&line(command, options));
    }

    /// The name of an operation on the entity, such as `put-role-policy`.
    fn of_kind(&self, before: &str, after: &str) -> String {
        format!("{before}-{}-{after}", self.entity.kind_word())
    }

    /// The option that names the entity.
    fn own(&self) -> (String, String) {
        let option = format!("{}-name", self.entity.kind_word());
        (option, self.entity.name.to_string())
    }

    fn put(&mut self, name: &str, path: &str) {
        let (option, own) = self.own();
        let file = format!("file://{path}");
        let options = [
            (&*option, &*own),
            ("policy-name", name),
            ("policy-document", &file),
        ];
        self.aws(&self.of_kind("put", "policy"), &options);
    }

    fn delete_inline(&mut self, name: &str) {
        let (option, own) = self.own();
        self.aws(
            &self.of_kind("delete", "policy"),
            &[(&option, &own), ("policy-name", name)],
        );
    }

    /// Attaches some policies and detaches others: first attaches, as far as the limit of attached policies allows.
    fn swap(&mut self, attach: &[String], detach: &[String], mut attached: usize) {
        let (option, own) = self.own();
        let limit = self.entity.attached_limit;
        let (mut attach, mut detach) = (attach.iter().peekable(), detach.iter());
        loop {
            let has_room = attached < limit;
            if has_room && let Some(arn) = attach.next() {
                let command = self.of_kind("attach", "policy");
                self.aws(&command, &[(&option, &own), ("policy-arn", arn)]);
                attached += 1;
            } else if let Some(arn) = detach.next() {
                let command = self.of_kind("detach", "policy");
                self.aws(&command, &[(&option, &own), ("policy-arn", arn)]);
                attached = attached.saturating_sub(1);
            } else if let Some(arn) = attach.next() {
                // Over the limit as it was given; IAM decides.
                let command = self.of_kind("attach", "policy");
                self.aws(&command, &[(&option, &own), ("policy-arn", arn)]);
            } else {
                return;
            }
        }
    }

    /// Makes a new default version, and keeps which one was the default. IAM keeps five versions.
    fn apply_version(&mut self) {
        let arn = quoted(&self.entity.arn);
        let new = self.entity.new_policies.iter();
        for file in new.map(|policy| quoted(&format!("file://{}", new_path(policy)))) {
            self.text.push_str(&format!(
                "aws iam get-policy --policy-arn={arn} \\\n    \
                     --query Policy.DefaultVersionId --output text > version-before\n\
                 aws iam create-policy-version --policy-arn={arn} \\\n    \
                     --policy-document={file} --set-as-default \\\n    \
                     --query PolicyVersion.VersionId --output text > version-after\n"
            ));
        }
    }

    fn roll_back_version(&mut self) {
        let arn = quoted(&self.entity.arn);
        self.text.push_str(&format!(
            "aws iam set-default-policy-version --policy-arn={arn} \\\n    \
                 --version-id=\"$(cat version-before)\"\n\
             aws iam delete-policy-version --policy-arn={arn} \\\n    \
                 --version-id=\"$(cat version-after)\"\n"
        ));
    }
}

fn line(command: &str, options: &[(&str, &str)]) -> String {
    let mut line = format!("aws iam {command}");
    for (option, value) in options {
        line.push_str(&format!(" \\\n    --{option}={}", quoted(value)));
    }
    line.push('\n');
    line
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
