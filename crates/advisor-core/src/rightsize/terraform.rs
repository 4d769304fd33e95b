//! Terraform configuration of the new policies.

use std::collections::HashSet;

use crate::account::EntityKind;
use crate::text::Printable;

use super::outcome::{NewPolicy, PolicyPlace, Rightsized};
use super::paths::new_path;

/// Resources of the AWS provider for the new policies. Documents are read from the files beside it, so that their policy variables
/// are not taken for Terraform's.
pub(super) fn terraform(entity: &Rightsized) -> String {
    let mut text = format!(
        "# {}: right-sized by access-advisor.\n",
        Printable(&entity.arn)
    );
    for policy in entity.removed_policies() {
        let what = match policy.policy_type {
            PolicyPlace::Managed => "Detach",
            PolicyPlace::Inline => "Remove the inline policy",
        };
        text.push_str(&format!("# {what}: {}\n", Printable(policy.key())));
    }
    for policy in &entity.new_policies {
        if policy.policy_type == PolicyPlace::Managed && entity.entity_type != EntityKind::Policy {
            for replaced in &policy.replaces {
                text.push_str(&format!("# Replaces: {}\n", Printable(replaced)));
            }
        }
    }
    let mut labels = HashSet::new();
    for policy in &entity.new_policies {
        let label = label(&policy.policy_name, &mut labels);
        match (policy.policy_type, entity.entity_type) {
            (PolicyPlace::Inline, _) => inline(&mut text, entity, policy, &label),
            (PolicyPlace::Managed, EntityKind::Policy) => {
                version(&mut text, entity, policy, &label);
            }
            (PolicyPlace::Managed, _) => managed(&mut text, entity, policy, &label),
        }
    }
    text
}

fn inline(text: &mut String, entity: &Rightsized, policy: &NewPolicy, label: &str) {
    let kind = entity.kind_word();
    let import = format!("{}:{}", entity.name, policy.policy_name);
    text.push_str(&format!(
        "\nresource \"aws_iam_{kind}_policy\" \"{label}\" {{\n  \
           name   = {}\n  \
           {kind:<6} = {}\n  \
           policy = {}\n\
         }}\n\n\
         import {{\n  \
           to = aws_iam_{kind}_policy.{label}\n  \
           id = {}\n\
         }}\n",
        string(&policy.policy_name),
        string(&entity.name),
        file(policy),
        string(&import),
    ));
}

fn managed(text: &mut String, entity: &Rightsized, policy: &NewPolicy, label: &str) {
    let kind = entity.kind_word();
    text.push_str(&format!(
        "\nresource \"aws_iam_policy\" \"{label}\" {{\n  \
           name   = {}\n  \
           policy = {}\n\
         }}\n\n\
         resource \"aws_iam_{kind}_policy_attachment\" \"{label}\" {{\n  \
           {kind:<10} = {}\n  \
           policy_arn = aws_iam_policy.{label}.arn\n\
         }}\n",
        string(&policy.policy_name),
        file(policy),
        string(&entity.name),
    ));
}

/// A managed policy that is changed in its place.
fn version(text: &mut String, entity: &Rightsized, policy: &NewPolicy, label: &str) {
    let resource = entity
        .arn
        .split_once(":policy")
        .map_or("/", |(_, path)| path);
    let path = resource.rsplit_once('/').map_or("", |(path, _)| path);
    text.push_str(&format!(
        "\nresource \"aws_iam_policy\" \"{label}\" {{\n  \
           name   = {}\n  \
           path   = {}\n  \
           policy = {}\n\
         }}\n\n\
         import {{\n  \
           to = aws_iam_policy.{label}\n  \
           id = {}\n\
         }}\n",
        string(&policy.policy_name),
        string(&format!("{path}/")),
        file(policy),
        string(&entity.arn),
    ));
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
