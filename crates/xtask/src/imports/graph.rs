//! Which file imports from which, and the circles in that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::files::SourceFile;
use super::paths::CodePath;

/// Files or folders that import each other, directly or by way of others.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) members: Vec<String>,
    pub(super) edges: Vec<Edge>,
}

/// What a file or folder imports from another.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) names: Vec<String>,
}

/// The circles of a crate's files.
pub(super) fn file_circles(files: &[SourceFile]) -> Vec<Circle> {
    circles(files, |file| &file.name)
}

/// The circles of a crate's folders, each with the file of its name, and of the files beside them.
pub(super) fn folder_circles(files: &[SourceFile]) -> Vec<Circle> {
    circles(files, |file| file.module.first().unwrap_or(&file.name))
}

/// The circles of what this function names for each file.
fn circles(files: &[SourceFile], member: impl Fn(&SourceFile) -> &String) -> Vec<Circle> {
    let mut imports: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for ((from, to), names) in Crate::new(files).imports() {
        if let (Some(from), Some(to)) = (files.get(from), files.get(to)) {
            let (from, to) = (member(from), member(to));
            if from != to {
                imports.entry((from, to)).or_default().extend(names);
            }
        }
    }
    let mut graph: DiGraph<&str, ()> = DiGraph::new();
    let mut nodes: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    for (from, to) in imports.keys() {
        let [from, to] =
            [from, to].map(|name| *nodes.entry(name).or_insert_with(|| graph.add_node(name)));
        graph.add_edge(from, to, ());
    }
    let mut circles = Vec::new();
    for component in tarjan_scc(&graph) {
        let members: BTreeSet<&str> = component
            .iter()
            .filter_map(|node| graph.node_weight(*node).copied())
            .collect();
        if members.len() < 2 {
            continue;
        }
        let edges = imports
            .iter()
            .filter(|((from, to), _)| members.contains(from) && members.contains(to))
            .map(|((from, to), names)| Edge {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                names: names.iter().cloned().collect(),
            });
        circles.push(Circle {
            edges: edges.collect(),
            members: members.into_iter().map(str::to_owned).collect(),
        });
    }
    circles.sort_by(|one, other| one.members.cmp(&other.members));
    circles
}

/// The files of a crate by their modules.
struct Crate<'f> {
    files: &'f [SourceFile],
    /// Of each module, also those in braces: its file.
    modules: HashMap<&'f [String], usize>,
}

/// Re-exports of re-exports are followed so far.
const MOST_STEPS: usize = 16;

impl<'f> Crate<'f> {
    fn new(files: &'f [SourceFile]) -> Self {
        let mut modules = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            modules.insert(file.module.as_slice(), index);
            modules.extend(
                file.code
                    .inline_modules
                    .iter()
                    .map(|module| (module.as_slice(), index)),
            );
        }
        Self { files, modules }
    }

    /// For each file and each other that it imports from: the names.
    fn imports(&self) -> BTreeMap<(usize, usize), BTreeSet<String>> {
        let mut imports: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (from, file) in self.files.iter().enumerate() {
            for path in &file.code.paths {
                let Some(full) = self.full_path(file, path, MOST_STEPS) else {
                    continue;
                };
                let is_glob = path.binding.as_deref() == Some("*");
                // A module's name alone imports nothing yet: what is used of it is found where it is used.
                if self.modules.contains_key(full.as_slice()) && !is_glob {
                    continue;
                }
                let name = if is_glob {
                    "*"
                } else {
                    full.last().map_or("", String::as_str)
                };
                if let Some(to) = self.file_of(&full, MOST_STEPS).filter(|to| *to != from) {
                    imports
                        .entry((from, to))
                        .or_default()
                        .insert(name.to_owned());
                }
            }
        }
        imports
    }

    /// A path from the crate's root; `None` when it leads to another crate, or to a local name.
    fn full_path(&self, file: &SourceFile, path: &CodePath, steps: usize) -> Option<Vec<String>> {
        let (first, rest) = path.segments.split_first()?;
        let mut full = match first.as_str() {
            "crate" => Vec::new(),
            "self" => path.module.clone(),
            "super" => parent(&path.module)?,
            name => {
                let mut child = path.module.clone();
                child.push(name.to_owned());
                if self.modules.contains_key(child.as_slice()) {
                    child
                } else {
                    // A name that a `use` declaration has made known; the declaration itself is of another crate.
                    let steps = steps.checked_sub(1).filter(|_| path.binding.is_none())?;
                    let declared = file.code.bindings(name).next()?;
                    self.full_path(file, declared, steps)?
                }
            }
        };
        for segment in rest {
            if segment == "super" {
                full = parent(&full)?;
            } else {
                full.push(segment.clone());
            }
        }
        Some(full)
    }

    /// The file that defines what the path leads to.
    fn file_of(&self, full: &[String], steps: usize) -> Option<usize> {
        let depth = (0..=full.len()).rev().find(|depth| {
            full.get(..*depth)
                .is_some_and(|module| self.modules.contains_key(module))
        })?;
        let (module, rest) = full.split_at(depth);
        let index = *self.modules.get(module)?;
        let Some((name, rest)) = rest.split_first() else {
            return Some(index);
        };
        let file = self.files.get(index)?;
        if file.code.definitions.contains(name) {
            return Some(index);
        }
        self.reexported(file, name, rest, steps).or(Some(index))
    }

    /// The file that defines a name which this file re-exports, or imports for its children.
    fn reexported(
        &self,
        file: &SourceFile,
        name: &str,
        rest: &[String],
        steps: usize,
    ) -> Option<usize> {
        let steps = steps.checked_sub(1)?;
        let follow = |path: &CodePath, more: &[String]| {
            let mut full = self.full_path(file, path, steps)?;
            full.extend_from_slice(more);
            self.file_of(&full, steps)
        };
        if let Some(path) = file.code.bindings(name).next() {
            return follow(path, rest);
        }
        file.code.bindings("*").find_map(|path| {
            let found = follow(path, &[name.to_owned()])?;
            let defines = self
                .files
                .get(found)?
                .code
                .definitions
                .iter()
                .any(|defined| defined == name);
            defines.then_some(found)
        })
    }
}

fn parent(module: &[String]) -> Option<Vec<String>> {
    module.split_last().map(|(_, parent)| parent.to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::files::parse;
    use super::*;

    /// The circles of a crate of these files, each as its edges.
    fn found(sources: &[(&str, &str)]) -> Vec<String> {
        edges(&file_circles(&files(sources)))
    }

    fn files(sources: &[(&str, &str)]) -> Vec<SourceFile> {
        let sources: Vec<_> = sources
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        parse(&sources)
    }

    fn edges(circles: &[Circle]) -> Vec<String> {
        let edges = circles.iter().map(|circle| {
            let edges = circle.edges.iter();
            edges
                .map(|edge| format!("{} -> {}: {}", edge.from, edge.to, edge.names.join(" ")))
                .collect::<Vec<_>>()
        });
        edges.map(|edges| edges.join("; ")).collect()
    }

    #[test]
    fn two_files_that_import_each_other() {
        let sources = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::b::{B, C}; pub struct A(B, C);"),
            (
                "b.rs",
                "pub struct B; pub struct C; fn f() { crate::a::A::new() }",
            ),
        ];
        assert_eq!(found(&sources), ["a.rs -> b.rs: B C; b.rs -> a.rs: new"]);
    }

    #[test]
    fn a_reexport_counts_for_the_file_that_defines_it() {
        // a.rs takes B by way of the root, which itself takes A: no circle, as B is defined in b.rs.
        let clean = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "pub struct B;"),
        ];
        assert!(found(&clean).is_empty());
        // Defined in the root itself, it is one.
        let circular = [
            ("lib.rs", "mod a; pub use a::A; pub struct B;"),
            ("a.rs", "use crate::B; pub struct A(B);"),
        ];
        assert_eq!(found(&circular), ["a.rs -> lib.rs: B; lib.rs -> a.rs: A"]);
    }

    #[test]
    fn parents_and_children() {
        let sources = [
            ("main.rs", "mod a;"),
            ("a/mod.rs", "mod b; fn f() { b::g(); } pub struct A;"),
            ("a/b.rs", "use super::A; pub fn g() {}"),
        ];
        assert_eq!(
            found(&sources),
            ["a/b.rs -> a/mod.rs: A; a/mod.rs -> a/b.rs: g"]
        );
    }

    #[test]
    fn folders_that_import_each_other() {
        let sources = [
            ("lib.rs", "mod a; mod c;"),
            ("a.rs", "mod one; mod two;"),
            ("a/one.rs", "use crate::c::C; pub struct One;"),
            ("a/two.rs", "pub struct Two;"),
            ("c.rs", "use crate::a::two::Two; pub struct C;"),
        ];
        assert!(found(&sources).is_empty());
        assert_eq!(
            edges(&folder_circles(&files(&sources))),
            ["a -> c: C; c -> a: Two"]
        );
    }

    #[test]
    fn a_module_that_is_imported_counts_where_it_is_used() {
        let sources = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b; pub struct A; fn f() { b::g() }"),
            ("b.rs", "use crate::a; pub fn g() -> a::A {}"),
        ];
        assert_eq!(found(&sources), ["a.rs -> b.rs: g; b.rs -> a.rs: A"]);
        let unused = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b; pub struct A;"),
            ("b.rs", "use crate::a; pub fn g() -> a::A {}"),
        ];
        assert!(found(&unused).is_empty());
    }

    #[test]
    fn tests_and_other_crates_do_not_count() {
        let sources = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b::B; #[cfg(test)] mod tests { use crate::b; }",
            ),
            (
                "b.rs",
                "use std::a::A; pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ];
        assert!(found(&sources).is_empty());
    }
}
