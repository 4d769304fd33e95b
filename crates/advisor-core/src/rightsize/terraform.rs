//! Terraform configuration of the new policies.

use std::collections::HashSet;

use crate::account::EntityKind;
use crate::text::Printable;

use super::outcome::{NewPolicy, PolicyChange, PolicyPlace, Rightsized};
use super::paths::new_path;
use super::steps::{Step, steps};

/// Resources of the AWS provider for what changes, with `import` blocks for what exists. Documents are read from the files beside it, so
/// that their policy variables are not taken for Terraform's.
///
/// What an entity is to lose is in no resource of its own. So that a plan shows it, and does it, all its attached policies are listed
/// where one of them changes, and all its inline ones where one goes. Source: the provider's documentation,
/// `aws_iam_role_policy_attachments_exclusive` and `aws_iam_role_policies_exclusive`.
pub(super) fn terraform(entity: &Rightsized) -> String {
    let mut file = File {
        entity,
        text: format!(
            "# {}: right-sized by access-advisor.\n\
             # Needs Terraform 1.5 (import blocks) and version 5.72 of the AWS provider, or later.\n",
            Printable(&entity.arn)
        ),
        labels: HashSet::new(),
        last: None,
    };
    if entity.entity_type == EntityKind::Policy {
        for policy in &entity.new_policies {
            file.version(policy);
        }
        return file.text;
    }
    let steps = steps(entity);
    let created = steps.iter().filter_map(|step| match step {
        Step::Create(new) => Some(format!("aws_iam_policy.{}.arn", file.managed(new))),
        _ => None,
    });
    let created: Vec<String> = created.collect();
    let changes = |step: &Step<'_>| matches!(step, Step::Attach(_) | Step::Detach(_));
    if steps.iter().any(changes) {
        file.attachments(created);
    }
    if steps.iter().any(|step| matches!(step, Step::Delete(_))) {
        file.inline_names();
    }
    for step in &steps {
        if let Step::Put(_, new) = step {
            file.inline(new);
        }
    }
    file.text
}

struct File<'a> {
    entity: &'a Rightsized,
    text: String,
    labels: HashSet<String>,
    /// The resource that the next one waits for: IAM's limits hold when the changes are made in this order.
    last: Option<String>,
}

impl File<'_> {
    /// A new managed policy. Returns its label.
    fn managed(&mut self, policy: &NewPolicy) -> String {
        let label = label(&policy.policy_name, &mut self.labels);
        self.text.push('\n');
        for replaced in &policy.replaces {
            self.text
                .push_str(&format!("# Replaces: {}\n", Printable(replaced)));
        }
        self.text.push_str(&format!(
            "resource \"aws_iam_policy\" \"{label}\" {{\n  \
               name   = {}\n  \
               policy = {}\n\
             }}\n",
            string(&policy.policy_name),
            file(policy),
        ));
        label
    }

    /// All attached policies, of which the new ones are given as references.
    fn attachments(&mut self, created: Vec<String>) {
        let mut arns: Vec<String> = self.staying(PolicyPlace::Managed);
        arns.extend(created);
        self.exclusive("policy_attachments_exclusive", "policy_arns", &arns);
    }

    /// The names of all inline policies.
    fn inline_names(&mut self) {
        let mut policies = self.entity.policies.iter();
        if policies.any(PolicyChange::is_unreadable) {
            self.text.push_str(
                "\n# An inline policy could not be read from the account export, so they are not listed. To be removed by hand:\n",
            );
            for policy in self.entity.removed_policies() {
                let name = Printable(policy.key());
                self.text.push_str(&format!("# {name}\n"));
            }
            return;
        }
        let mut names = self.staying(PolicyPlace::Inline);
        let new = self.entity.new_policies.iter();
        let new = new.filter(|policy| policy.policy_type == PolicyPlace::Inline);
        names.extend(new.map(|policy| string(&policy.policy_name)));
        self.exclusive("policies_exclusive", "policy_names", &names);
    }

    /// The policies that do not change, as strings.
    fn staying(&self, place: PolicyPlace) -> Vec<String> {
        let policies = self.entity.policies.iter();
        let policies = policies.filter(|it| !it.changes && it.policy_type == place);
        policies.map(|policy| string(policy.key())).collect()
    }

    /// A resource that removes what it does not list.
    fn exclusive(&mut self, what: &str, argument: &str, items: &[String]) {
        let kind = self.entity.kind_word();
        let label = label(&self.entity.name, &mut self.labels);
        let address = format!("aws_iam_{kind}_{what}.{label}");
        let items: Vec<String> = items.iter().map(|it| format!("    {it},\n")).collect();
        let (name, key) = (string(&self.entity.name), format!("{kind}_name"));
        let body = match items.concat() {
            // `terraform fmt` aligns arguments of one line.
            empty if empty.is_empty() => {
                let width = key.len().max(argument.len());
                format!("  {key:<width$} = {name}\n  {argument:<width$} = []\n")
            }
            items => format!("  {key} = {name}\n  {argument} = [\n{items}  ]\n"),
        };
        self.existing(&address, &body, &name);
    }

    fn inline(&mut self, policy: &NewPolicy) {
        let kind = self.entity.kind_word();
        let label = label(&policy.policy_name, &mut self.labels);
        let body = format!(
            "  name   = {}\n  \
               {kind:<6} = {}\n  \
               policy = {}\n",
            string(&policy.policy_name),
            string(&self.entity.name),
            file(policy),
        );
        let id = string(&format!("{}:{}", self.entity.name, policy.policy_name));
        self.existing(&format!("aws_iam_{kind}_policy.{label}"), &body, &id);
    }

    /// A resource that exists, after those before it.
    fn existing(&mut self, address: &str, body: &str, id: &str) {
        let (kind, label) = address.split_once('.').unwrap_or_default();
        let after = self.last.replace(address.to_owned());
        let after = after.map_or_else(String::new, |it| format!("\n  depends_on = [{it}]\n"));
        self.text.push_str(&format!(
            "\nresource \"{kind}\" \"{label}\" {{\n\
             {body}{after}\
             }}\n\n\
             import {{\n  \
               to = {address}\n  \
               id = {id}\n\
             }}\n"
        ));
    }

    /// A managed policy that is changed in its place. The export does not have its description, of which a change would replace the
    /// policy, and its tags. Source: the provider's schema of `aws_iam_policy`.
    fn version(&mut self, policy: &NewPolicy) {
        let label = label(&policy.policy_name, &mut self.labels);
        let (_, resource) = (self.entity.arn).split_once(":policy").unwrap_or(("", "/"));
        let path = resource.rsplit_once('/').map_or("", |(path, _)| path);
        let body = format!(
            "  name   = {}\n  \
               path   = {}\n  \
               policy = {}\n\n  \
               lifecycle {{\n    \
                 ignore_changes = [description, tags, tags_all]\n  \
               }}\n",
            string(&policy.policy_name),
            string(&format!("{path}/")),
            file(policy),
        );
        let id = string(&self.entity.arn);
        self.existing(&format!("aws_iam_policy.{label}"), &body, &id);
    }
}

fn file(policy: &NewPolicy) -> String {
    format!("file(\"${{path.module}}/{}\")", new_path(policy))
}

/// A name of a resource: letters, digits and `_`, and that of no other.
fn label(name: &str, used: &mut HashSet<String>) -> String {
    let letters = name.chars().take(100);
    let stem: String = letters
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let stem = if stem.starts_with(|c: char| c.is_ascii_alphabetic()) {
        stem
    } else {
        format!("p_{stem}")
    };
    let mut label = stem.clone();
    let mut number = 2;
    while !used.insert(label.clone()) {
        label = format!("{stem}_{number}");
        number += 1;
    }
    label
}

/// A quoted string in which nothing is a template. Source: HCL native syntax specification, "Quoted templates".
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if other.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_not_templates() {
        assert_eq!(string("a\"b\\c${x}%{y}\n"), r#""a\"b\\c$${x}%%{y}\n""#);
    }

    #[test]
    fn labels_are_distinct() {
        let used = &mut HashSet::new();
        assert_eq!(label("Read-Only", used), "read_only");
        assert_eq!(label("read.only", used), "read_only_2");
        assert_eq!(label("2nd", used), "p_2nd");
    }
}
