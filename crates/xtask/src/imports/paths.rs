//! The paths in a file's code, as they are written: `use` declarations taken apart, and paths in expressions and types.

/// A path in the code of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CodePath {
    /// The module that it stands in: the file's, or one in braces in that file.
    pub(super) module: Vec<String>,
    pub(super) segments: Vec<String>,
    /// For a path of a `use` declaration: the name that it makes known here, `*` for all names.
    pub(super) binding: Option<String>,
}

/// What a file's code holds.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) paths: Vec<CodePath>,
    /// The names of the items that are defined here.
    pub(super) definitions: Vec<String>,
    /// The modules in braces.
    pub(super) inline_modules: Vec<Vec<String>>,
}

impl Code {
    /// The paths of `use` declarations that make this name known.
    pub(super) fn bindings(&self, name: &str) -> impl Iterator<Item = &CodePath> {
        self.paths
            .iter()
            .filter(move |path| path.binding.as_deref() == Some(name))
    }
}

/// Reads the tokens of the file that is this module.
pub(super) fn read(tokens: &[&str], module: &[String]) -> Code {
    let mut code = Code::default();
    let mut current = module.to_vec();
    // For each open brace, whether a module began with it.
    let mut braces = Vec::new();
    let mut rest = tokens;
    let mut before = "";
    while let [token, after @ ..] = rest {
        let mut taken = 1;
        match (*token, after) {
            ("mod", [name, "{", ..]) => {
                current.push((*name).to_owned());
                code.inline_modules.push(current.clone());
                braces.push(true);
                taken = 3;
            }
            ("{", _) => braces.push(false),
            ("}", _) => {
                let was_module = braces.pop() == Some(true);
                current.truncate(current.len() - usize::from(was_module));
            }
            ("use", _) => {
                let end = after
                    .iter()
                    .position(|token| *token == ";")
                    .unwrap_or(after.len());
                let tree = after.get(..end).unwrap_or_default();
                use_tree(tree, &mut Vec::new(), &mut |segments, binding| {
                    code.paths.push(CodePath {
                        module: current.clone(),
                        segments,
                        binding: Some(binding),
                    });
                });
                taken = end + 1;
            }
            (
                "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static",
                [name, ..],
            ) => {
                code.definitions.push((*name).to_owned());
            }
            ("macro_rules", ["!", name, ..]) => code.definitions.push((*name).to_owned()),
            // Not a path's later segments, a method, or the place of `pub(in path)`.
            (_, ["::", ..]) if is_name(token) && !matches!(before, "::" | "." | "in") => {
                let segments = path(rest);
                taken = 2 * segments.len() - 1;
                code.paths.push(CodePath {
                    module: current.clone(),
                    segments,
                    binding: None,
                });
            }
            _ => {}
        }
        before = token;
        rest = rest.get(taken..).unwrap_or_default();
    }
    code
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter == '_' || letter.is_alphabetic())
}

/// The names of `a::b::c`.
fn path(tokens: &[&str]) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = tokens;
    while let [name, after @ ..] = rest {
        if !is_name(name) {
            break;
        }
        segments.push((*name).to_owned());
        match after {
            ["::", next @ ..] if next.first().is_some_and(|next| is_name(next)) => rest = next,
            _ => break,
        }
    }
    segments
}

/// Visits the paths of `a::{b, c::d as e, self, *}` with the names that they bind.
fn use_tree(
    tokens: &[&str],
    prefix: &mut Vec<String>,
    visit: &mut impl FnMut(Vec<String>, String),
) {
    let depth = prefix.len();
    let mut rest = tokens;
    while let [name, "::", after @ ..] = rest {
        prefix.push((*name).to_owned());
        rest = after;
    }
    match rest {
        ["{", inner @ .., "}"] => {
            for tree in branches(inner) {
                use_tree(tree, prefix, visit);
            }
        }
        ["*"] => visit(prefix.clone(), "*".to_owned()),
        ["self", renamed @ ..] => {
            let own = prefix.last().cloned().unwrap_or_default();
            visit(prefix.clone(), new_name(renamed).unwrap_or(own));
        }
        [name, renamed @ ..] => {
            let mut segments = prefix.clone();
            segments.push((*name).to_owned());
            visit(
                segments,
                new_name(renamed).unwrap_or_else(|| (*name).to_owned()),
            );
        }
        [] => {}
    }
    prefix.truncate(depth);
}

/// `as NAME`
fn new_name(tokens: &[&str]) -> Option<String> {
    match tokens {
        ["as", name] => Some((*name).to_owned()),
        _ => None,
    }
}

/// The parts between the commas that are in no inner braces.
fn branches<'t, 's>(tokens: &'t [&'s str]) -> impl Iterator<Item = &'t [&'s str]> {
    let mut depth = 0_usize;
    tokens.split(move |token| {
        match *token {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *token == ","
    })
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn shown(source: &str) -> Vec<String> {
        let tokens = tokens(source);
        let code = read(&tokens, &[]);
        let paths = code.paths.iter().map(|path| {
            let place = path
                .module
                .iter()
                .map(|module| format!("[{module}] "))
                .collect::<String>();
            let binding = path
                .binding
                .iter()
                .map(|name| format!(" = {name}"))
                .collect::<String>();
            format!("{place}{}{binding}", path.segments.join("::"))
        });
        paths.collect()
    }

    #[test]
    fn use_declarations_are_taken_apart() {
        assert_eq!(
            shown("pub use crate::a::{self, b::{C, D as E}, f::*}; use std::io;"),
            [
                "crate::a = a",
                "crate::a::b::C = C",
                "crate::a::b::D = E",
                "crate::a::f = *",
                "std::io = io"
            ]
        );
    }

    #[test]
    fn paths_in_code_are_found() {
        assert_eq!(
            shown(
                "pub(crate) fn f(x: super::A) -> b::B { x.m::<u8>(); crate::c::D::e() } mod i { use super::f; }"
            ),
            ["super::A", "b::B", "crate::c::D::e", "[i] super::f = f"]
        );
    }

    #[test]
    fn definitions_are_found() {
        let tokens = tokens(
            "pub struct A; impl A { fn b() {} } macro_rules! c { () => {} } mod d { const E: u8 = 1; }",
        );
        assert_eq!(read(&tokens, &[]).definitions, ["A", "b", "c", "E"]);
    }
}
