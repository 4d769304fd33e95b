//! The facade's public API as lines of text, from rustdoc's descriptions of the facade and of the crates it re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rustdoc_types::{Crate, Id, ItemEnum, Use};

use super::growth;

/// The facade's crate.
const FACADE: &str = "access_advisor";
/// What signatures may mention without the facade re-exporting it: the standard library, `Self::Item`, and crates whose traits
/// are implemented for use with other crates.
const ALLOWED: [&str; 6] = ["core", "alloc", "std", "serde", "serde_core", "Self"];

/// The API, and what is wrong with it.
pub(super) struct Listing {
    /// Each line, after the path that it is sorted by.
    pub(super) lines: BTreeSet<(String, String)>,
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
            let Some(subject) = subject(&line).map(str::to_owned) else {
                continue;
            };
            if line.starts_with("pub use") && !exports.is_crate(&subject) {
                // Its definition is listed.
                continue;
            }
            for path in paths(&line) {
                if !exports.allows(path) {
                    unknown
                        .entry(path.to_owned())
                        .or_insert_with(|| line.clone());
                }
            }
            listing.lines.insert((subject, line));
        }
    }
    listing.faults.extend(
        unknown
            .iter()
            .map(|(path, line)| format!("{path} is not exported, but mentioned by: {line}")),
    );
    let lines = listing.lines.iter().map(|(_, line)| line.as_str());
    let closed = growth::faults(FACADE, lines);
    listing.faults.extend(closed);
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
        let description: Crate =
            serde_json::from_str(&text).map_err(|error| at(error.to_string()))?;
        let mut exports = Self::default();
        exports.read_module(&description, description.root, FACADE);
        Ok(exports)
    }

    fn read_module(&mut self, description: &Crate, id: Id, path: &str) {
        let Some(ItemEnum::Module(module)) = description.index.get(&id).map(|item| &item.inner)
        else {
            return;
        };
        for id in &module.items {
            let Some(item) = description.index.get(id) else {
                continue;
            };
            match &item.inner {
                ItemEnum::Module(_) => {
                    let name = item.name.as_deref().unwrap_or_default();
                    self.read_module(description, *id, &format!("{path}::{name}"));
                }
                ItemEnum::Use(used) => self.add(description, used, path),
                _ => {}
            }
        }
    }

    fn add(&mut self, description: &Crate, used: &Use, module: &str) {
        let Use { source, name, .. } = used;
        if used.is_glob {
            self.faults
                .push(format!("{module} re-exports {source}::*; name the items"));
            return;
        }
        let path = format!("{module}::{name}");
        let defined = used.id.and_then(|id| description.paths.get(&id));
        let defined = defined.map(|summary| summary.path.join("::"));
        for other in BTreeSet::from([Some(source.clone()), defined]) {
            let first = other.and_then(|other| self.paths.insert(other, path.clone()));
            if let Some(first) = first {
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

    /// Whether a path of the facade is that of a whole crate.
    fn is_crate(&self, path: &str) -> bool {
        self.paths
            .iter()
            .any(|(from, to)| to == path && !from.contains("::"))
    }

    fn allows(&self, path: &str) -> bool {
        let name = path.split("::").next().unwrap_or_default();
        name == FACADE || ALLOWED.contains(&name) || self.paths.contains_key(name)
    }
}

/// The facade's path of what a line describes: of what is defined, or of the type that has the implementation.
fn subject(line: &str) -> Option<&str> {
    let described = if line.starts_with("impl") {
        line.rsplit_once(" for ")
            .map_or(line, |(_, described)| described)
    } else {
        line.split(['(', '=']).next().unwrap_or_default()
    };
    let path = paths(described).next()?;
    path.starts_with(FACADE).then_some(path)
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
    fn lines_are_of_what_they_describe() {
        for (line, expected) in [
            (
                "pub fn access_advisor::report::Report::arn(&self) -> &str",
                Some("access_advisor::report::Report::arn"),
            ),
            (
                "impl core::fmt::Debug for access_advisor::report::Report",
                Some("access_advisor::report::Report"),
            ),
            (
                "impl<'a> access_advisor::report::Row<'a>",
                Some("access_advisor::report::Row"),
            ),
            (
                "pub fn core_crate::reach::of(report: &access_advisor::report::Report)",
                None,
            ),
            (
                "impl core::convert::From<access_advisor::report::Report> for core_crate::Frozen",
                None,
            ),
        ] {
            assert_eq!(subject(line), expected, "{line}");
        }
    }
}
