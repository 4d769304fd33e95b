//! Names and texts of the files of a proposal.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use sha2::{Digest, Sha256};

use crate::text::is_printable;

use super::outcome::{NewPolicy, PolicyChange, PolicyPlace};

/// The file of a document of today.
pub(super) fn today_path(policy: &PolicyChange) -> String {
    // Two managed policies can have the same name, with different paths or owners; so can an inline one.
    format!("today/{}.json", distinct_file_name(policy.key()))
}

/// The file of a new document.
pub(super) fn new_path(policy: &NewPolicy) -> String {
    // An inline policy can have the name of a managed one.
    let kind = match policy.policy_type {
        PolicyPlace::Inline => "inline-",
        PolicyPlace::Managed => "",
    };
    format!("new/{kind}{}.json", file_name(&policy.policy_name))
}

/// A name as the name of a file: what is not a letter, digit or one of `+=,@_-.` becomes `_`, with a part of a hash so that it is the
/// name of no other.
pub(super) fn file_name(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+=,@_-.".contains(c);
    let is_safe = !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_allowed);
    if is_safe {
        return name.to_owned();
    }
    let safe = name.chars().take(100);
    let safe: String = safe.map(|c| if is_allowed(c) { c } else { '_' }).collect();
    format!("_{safe}-{}", short_hash(name))
}

/// The last part of an ARN or a name, with a part of a hash if it is an ARN.
fn distinct_file_name(key: &str) -> String {
    match key.rsplit_once('/') {
        Some((_, last)) => format!("{}-{}", file_name(last), short_hash(key)),
        None => file_name(key),
    }
}

pub(super) fn short_hash(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let digits = hash.iter().take(4).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// JSON, indented, in which characters that do not print are escaped.
pub(super) fn json_text(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    // Strings, numbers and lists cannot fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    let mut text = String::with_capacity(bytes.len() + 1);
    for character in String::from_utf8_lossy(&bytes).chars() {
        if character == '\n' || is_printable(character) {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text.push('\n');
    text
}

/// The lines of a value's JSON.
pub(super) fn json_lines(value: &Value) -> Vec<String> {
    json_text(value).lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_distinct() {
        assert_eq!(file_name("Read.Only+x@y"), "Read.Only+x@y");
        let hostile = [
            "..",
            "../x",
            "a/b",
            "a b",
            "-rf",
            "",
            "a\nb",
            "a\u{202e}",
            "é",
        ];
        let mut names: Vec<String> = hostile.iter().map(|name| file_name(name)).collect();
        for name in &names {
            assert!(
                name.starts_with('_') && !name.contains(['/', ' ', '\n']),
                "{name}"
            );
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), hostile.len());
        assert!(file_name(&"x".repeat(5_000)).len() < 128);
    }
}
