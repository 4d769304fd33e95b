//! The facade's public API as lines of text, from rustdoc's descriptions of the facade and of the crates it re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// The facade's crate.
const FACADE: &str = "access_advisor";
/// Crates that signatures may mention without the facade re-exporting them: the standard library's, and those whose traits
/// are implemented for use with other crates.
const ALLOWED: [&str; 5] = ["core", "alloc", "std", "serde", "serde_core"];

/// The API, and what is wrong with it.
pub(super) struct Listing {
    pub(super) lines: BTreeSet<String>,
    pub(super) faults: Vec<String>,
}

/// Lists the API of the facade, whose description and those of the inner crates are in a folder.
pub(super) fn list(folder: &Path) -> Result<Listing, String> {
    let exports = Exports::read(&folder.join(format!("{FACADE}.json")))?;
    let mut listing = Listing {
        lines: BTreeSet::new(),
        faults: exports.faults.clone(),
    };
    let crates: BTreeSet<&str> = exports
        .paths
        .keys()
        .filter(|path| path.contains("::"))
        .filter_map(|path| path.split("::").next())
        .chain([FACADE])
        .collect();
    let mut unknown: BTreeMap<String, String> = BTreeMap::new();
    for name in crates {
        let path = folder.join(format!("{name}.json"));
        let api = public_api::Builder::from_rustdoc_json(&path)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for item in api.items() {
            let line = exports.rename(&item.to_string());
            if !is_of_facade(&line) {
                continue;
            }
            for path in paths(&line) {
                if !exports.allows(path) {
                    unknown
                        .entry(path.to_owned())
                        .or_insert_with(|| line.clone());
                }
            }
            listing.lines.insert(line);
        }
    }
    listing.faults.extend(
        unknown
            .iter()
            .map(|(path, line)| format!("{path} is not exported, but mentioned by: {line}")),
    );
    Ok(listing)
}

/// What the facade re-exports.
#[derive(Default)]
struct Exports {
    /// From paths in other crates, those of definitions and those in `pub use`, to paths in the facade.
    paths: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Exports {
    fn read(file: &Path) -> Result<Self, String> {
        let at = |error: String| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| at(error.to_string()))?;
        let description: Value =
            serde_json::from_str(&text).map_err(|error| at(error.to_string()))?;
        let mut exports = Self::default();
        exports.read_module(&description, &description["root"], FACADE);
        Ok(exports)
    }

    fn read_module(&mut self, description: &Value, id: &Value, path: &str) {
        let module = &description["index"][id.to_string()]["inner"]["module"];
        for id in module["items"].as_array().into_iter().flatten() {
            let item = &description["index"][id.to_string()];
            let inner = &item["inner"];
            if inner.get("module").is_some() {
                let name = item["name"].as_str().unwrap_or_default();
                self.read_module(description, id, &format!("{path}::{name}"));
            } else if let Some(used) = inner.get("use") {
                self.add(description, used, path);
            }
        }
    }

    fn add(&mut self, description: &Value, used: &Value, module: &str) {
        let source = used["source"].as_str().unwrap_or_default();
        let name = used["name"].as_str().unwrap_or_default();
        if used["is_glob"] == true {
            self.faults
                .push(format!("{module} re-exports {source}::*; name the items"));
            return;
        }
        let path = format!("{module}::{name}");
        let defined: Vec<&str> = description["paths"][used["id"].to_string()]["path"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for other in BTreeSet::from([source.to_owned(), defined.join("::")]) {
            if let Some(first) = self.paths.insert(other, path.clone()) {
                self.faults
                    .push(format!("one item has two paths: {first} and {path}"));
            }
        }
    }

    /// Replaces paths of other crates by the facade's.
    fn rename(&self, line: &str) -> String {
        let mut renamed = String::new();
        let mut rest = line;
        for path in paths(line) {
            let Some((before, after)) = rest.split_once(path) else {
                continue;
            };
            renamed += before;
            renamed += &self.renamed(path).unwrap_or_else(|| path.to_owned());
            rest = after;
        }
        renamed + rest
    }

    /// The facade's path of an item, or of what is in one.
    fn renamed(&self, path: &str) -> Option<String> {
        let mut end = path.len();
        loop {
            let head = path.get(..end)?;
            if let Some(own) = self.paths.get(head) {
                // A whole crate keeps its name.
                let tail = path.get(end..)?;
                return head.contains("::").then(|| format!("{own}{tail}"));
            }
            end = head.rfind("::")?;
        }
    }

    fn allows(&self, path: &str) -> bool {
        let name = path.split("::").next().unwrap_or_default();
        name == FACADE || ALLOWED.contains(&name) || self.paths.contains_key(name)
    }
}

/// Whether a line describes something of the facade: what is defined, or what has the implementation.
fn is_of_facade(line: &str) -> bool {
    let subject = if line.starts_with("impl") {
        line.rsplit_once(" for ")
            .map_or(line, |(_, subject)| subject)
    } else {
        line
    };
    let subject = subject.split(['(', '=', '<']).next().unwrap_or_default();
    paths(subject).any(|path| path.starts_with(FACADE) && path.get(FACADE.len()..) != Some(""))
        || (line.starts_with("impl<") && paths(line).any(|path| path.starts_with(FACADE)))
}

/// The paths in a line: names joined by `::`.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
        .map(|word| word.trim_matches(':'))
        .filter(|word| word.contains("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports() -> Exports {
        let paths = [
            ("core_crate::Report", "access_advisor::report::Report"),
            (
                "core_crate::report::Report",
                "access_advisor::report::Report",
            ),
            ("core_crate::time", "access_advisor::time"),
            ("chrono", "access_advisor::chrono"),
        ];
        Exports {
            paths: paths
                .map(|(from, to)| (from.to_owned(), to.to_owned()))
                .into(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn paths_become_those_of_the_facade() {
        let line = "pub fn core_crate::report::Report::at(&self, time: chrono::DateTime<chrono::Utc>) -> core_crate::ReportRows";
        let renamed = exports().rename(line);
        assert_eq!(
            renamed,
            "pub fn access_advisor::report::Report::at(&self, time: chrono::DateTime<chrono::Utc>) -> core_crate::ReportRows"
        );
        let faults: Vec<_> = paths(&renamed)
            .filter(|path| !exports().allows(path))
            .collect();
        assert_eq!(faults, ["core_crate::ReportRows"]);
        assert_eq!(
            exports().rename("pub fn core_crate::time::parse(&str)"),
            "pub fn access_advisor::time::parse(&str)"
        );
    }

    #[test]
    fn lines_of_other_items_are_left_out() {
        for line in [
            "pub fn access_advisor::report::Report::arn(&self) -> &str",
            "impl core::fmt::Debug for access_advisor::report::Report",
            "impl<'a> access_advisor::report::Row<'a>",
        ] {
            assert!(is_of_facade(line), "{line}");
        }
        for line in [
            "pub fn core_crate::reach::of(report: &access_advisor::report::Report)",
            "impl core::convert::From<access_advisor::report::Report> for core_crate::Frozen",
        ] {
            assert!(!is_of_facade(line), "{line}");
        }
    }
}
