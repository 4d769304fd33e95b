//! Whether public types can grow: enums, and structs with public fields, are `#[non_exhaustive]`, or stand here.

use std::collections::BTreeSet;

/// Sets of cases that users must handle whole: a further one has to stop their code from compiling, or what it means would be
/// taken for something else. The crates of this workspace match them whole too.
const WHOLE: [&str; 22] = [
    "account::EntityKind",
    "account::PolicySource",
    "activity::CreditedAction",
    "activity::Evidence",
    "activity::UserCredential",
    "catalog::AccessLevel",
    "catalog::ImpliedWhen",
    "catalog::ConditionVerdict",
    "job::Caller",
    "job::JobState",
    "job::PagedOperation",
    "policy::ActionElement",
    "policy::Effect",
    "policy::IamEntity",
    "policy::ResourceElement",
    "policy::Token",
    "policy::Version",
    "report::Granularity",
    "rightsize::PolicyPlace",
    "sql::Dialect",
    "sql::Records",
    "trail::TrailObject",
];

/// Values that users make, of all their parts: a further part has to be filled by whoever makes one.
const MADE_BY_USERS: [&str; 15] = [
    "activity::ActivityRow",
    "activity::Attempt",
    "activity::Digest",
    "activity::ListedLogFile",
    "activity::InternedAttempt",
    "activity::Principal",
    "job::FrozenEntity",
    "job::FrozenReport",
    "job::Job",
    "job::Page",
    "report::DayRange",
    "trail::ObjectRead",
    "trail::TrailRead",
    "trail::s3::S3Location",
    "trail::s3::S3Object",
];

/// What is wrong with how the types in these lines of the API, of the crate with this name, can grow.
pub(super) fn faults<'l>(facade: &str, lines: impl Iterator<Item = &'l str>) -> Vec<String> {
    let (mut enums, mut structs, mut with_fields) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let path = |rest: &'l str| {
            let path = rest.strip_prefix(facade)?.strip_prefix("::")?;
            path.split(['<', '(', ' ']).next()
        };
        if let Some(path) = line.strip_prefix("pub enum ").and_then(path) {
            enums.insert(path);
        } else if let Some(path) = line.strip_prefix("pub struct ").and_then(path) {
            structs.insert(path);
        } else if let Some((field, _)) = line.split_once(": ")
            && let Some(field) = field.strip_prefix("pub ").and_then(path)
            && let Some((of, _)) = field.rsplit_once("::")
        {
            with_fields.insert(of);
        }
    }
    structs.retain(|path| with_fields.contains(path));
    let closed: BTreeSet<&str> = enums.union(&structs).copied().collect();
    let allowed: BTreeSet<&str> = WHOLE.into_iter().chain(MADE_BY_USERS).collect();
    let not_growing = closed.difference(&allowed);
    let not_found = allowed.difference(&closed);
    not_growing
        .map(|path| format!("not #[non_exhaustive]: {facade}::{path}"))
        .chain(not_found.map(|path| {
            format!("allowed not to be #[non_exhaustive], but not such a type: {facade}::{path}")
        }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_cannot_grow() {
        let lines = [
            "pub enum f::a::E",
            "#[non_exhaustive] pub enum f::a::Open",
            "pub struct f::a::S<'a>",
            "pub f::a::S::field: u8",
            "pub struct f::a::Opaque",
            "pub fn f::a::Opaque::new() -> f::a::S",
            "#[non_exhaustive] pub struct f::a::Options",
            "pub f::a::Options::field: u8",
            "pub enum f::policy::Effect",
        ];
        let faults = faults("f", lines.into_iter());
        let is_closed = |path: &str| faults.contains(&format!("not #[non_exhaustive]: f::{path}"));
        assert!(is_closed("a::E") && is_closed("a::S"), "{faults:?}");
        assert!(!faults.iter().any(|fault| {
            ["Open", "Opaque", "Options", "policy::Effect"]
                .iter()
                .any(|name| fault.ends_with(name))
        }));
        let gone = "allowed not to be #[non_exhaustive], but not such a type: f::sql::Dialect";
        assert!(faults.iter().any(|fault| fault == gone));
    }
}
