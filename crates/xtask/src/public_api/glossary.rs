//! The glossary names every public type of the facade, and no other.

use std::collections::BTreeSet;

/// A type: the top-level module of the facade that it is in, and its name.
type Name<'a> = (&'a str, &'a str);

/// The public types in a listing. Associated types do not count.
fn public_types(listing: &str) -> BTreeSet<Name<'_>> {
    listing.lines().filter_map(public_type).collect()
}

fn public_type(line: &str) -> Option<Name<'_>> {
    let declaration = match line.strip_prefix("#[") {
        Some(attribute) => attribute.split_once("] ")?.1,
        None => line,
    };
    let mut words = declaration.strip_prefix("pub ")?.split(' ');
    let is_type = matches!(
        words.next()?,
        "struct" | "enum" | "trait" | "type" | "union"
    );
    let end = |letter: char| letter != ':' && letter != '_' && !letter.is_ascii_alphanumeric();
    let path = words.next()?.split(end).next()?.trim_end_matches(':');
    let mut modules: Vec<&str> = path.split("::").skip(1).collect();
    let name = modules.pop()?;
    let is_in_modules = !modules.iter().any(|module| is_type_name(module));
    (is_type && is_in_modules && is_type_name(name)).then_some((modules.first()?, name))
}

fn is_type_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// The types in the first columns of the glossary's tables, with each module that the heading above names.
fn explained_types(glossary: &str) -> BTreeSet<Name<'_>> {
    let mut types = BTreeSet::new();
    let mut modules: Vec<&str> = Vec::new();
    for line in glossary.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            modules = code(heading).collect();
        } else if let Some(cell) = line
            .strip_prefix("| ")
            .and_then(|row| row.split('|').next())
        {
            let names = code(cell).filter_map(|path| path.rsplit("::").next());
            for name in names.filter(|name| is_type_name(name)) {
                types.extend(modules.iter().map(|module| (*module, name)));
            }
        }
    }
    types
}

/// The parts of a text that stand in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_glossary_names_the_public_types() {
    let root = crate::child::workspace_root().unwrap();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (listing, glossary) = (read(super::SNAPSHOT), read("docs/glossary.md"));
    let (public, explained) = (public_types(&listing), explained_types(&glossary));
    assert!(public.len() > 100, "{public:?}");

    let missing: Vec<_> = public.difference(&explained).collect();
    assert!(
        missing.is_empty(),
        "not in docs/glossary.md, under a heading that names the module: {missing:?}"
    );
    // A heading can name several modules; a type is in one of them.
    let names: BTreeSet<&str> = public.iter().map(|(_, name)| *name).collect();
    let gone: Vec<_> = explained
        .iter()
        .filter(|(_, name)| !names.contains(name))
        .collect();
    assert!(
        gone.is_empty(),
        "in docs/glossary.md, but not public: {gone:?}"
    );
}

#[test]
fn types_are_told_from_what_belongs_to_them() {
    let listing = "pub mod f::a\n#[non_exhaustive] pub enum f::a::Kind\npub f::a::Kind::One\n\
        pub struct f::b::c::Set<T>\npub type f::b::c::Set<T>::Item = T\npub struct f::a::Id(_)\n\
        pub fn f::a::Kind::new() -> Self\n";
    let expected = BTreeSet::from([("a", "Id"), ("a", "Kind"), ("b", "Set")]);
    assert_eq!(public_types(listing), expected);
}

#[test]
fn only_first_columns_explain() {
    let glossary = "## A (`a`, `b`)\n| name | meaning |\n| *kind*, `c::Kind`, `run` | not `Other` |\n## C\n| `Table` | t |\n";
    let expected = BTreeSet::from([("a", "Kind"), ("b", "Kind")]);
    assert_eq!(explained_types(glossary), expected);
}
