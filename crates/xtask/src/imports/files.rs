//! The source files of a crate, and which module each of them is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::paths::{self, Code};
use super::tokens::{tokens, without_tests};

/// A source file.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its path from the crate's source folder.
    pub(super) name: String,
    /// Its module, from the crate's root: empty for `lib.rs` and `main.rs`.
    pub(super) module: Vec<String>,
    pub(super) code: Code,
}

/// The source folders of a package, each the root of a crate: `src`, and each folder in `src/bin`. A program that is a single
/// file in `src/bin` cannot import in a circle.
pub(super) fn roots(package: &Path) -> Result<Vec<PathBuf>, String> {
    let mut roots = vec![package.join("src")];
    let programs = package.join("src/bin");
    if programs.is_dir() {
        let failed = |error| format!("{}: {error}", programs.display());
        for entry in std::fs::read_dir(&programs).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                roots.push(path);
            }
        }
    }
    roots.sort();
    Ok(roots)
}

/// Reads all files of a crate but those that only tests have, and those of `src/bin`, which are crates of their own.
pub(super) fn read(folder: &Path) -> Result<Vec<SourceFile>, String> {
    let mut sources = Vec::new();
    for path in rust_files(folder)? {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .display()
            .to_string();
        sources.push((name.replace('\\', "/"), text));
    }
    Ok(parse(&sources))
}

/// The files of a crate from their names and texts.
pub(super) fn parse(sources: &[(String, String)]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut test_modules = HashSet::new();
    for (name, text) in sources {
        let module = module_of(name);
        let all = tokens(text);
        let (kept, tests) = without_tests(&all);
        test_modules.extend(tests.iter().map(|test| {
            let mut path = module.clone();
            path.push((*test).to_owned());
            path
        }));
        files.push(SourceFile {
            name: name.clone(),
            code: paths::read(&kept, &module),
            module,
        });
    }
    let is_test = |file: &SourceFile| {
        test_modules
            .iter()
            .any(|test| file.module.starts_with(test))
    };
    files.retain(|file| !is_test(file));
    files
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_of(name: &str) -> Vec<String> {
    let mut module: Vec<String> = name
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    let is_root = matches!(name, "lib.rs" | "main.rs");
    if is_root || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            if !path.ends_with("src/bin") {
                found.extend(rust_files(&path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_follow_from_file_names() {
        assert!(module_of("lib.rs").is_empty());
        assert_eq!(module_of("a.rs"), ["a"]);
        assert_eq!(module_of("a/mod.rs"), ["a"]);
        assert_eq!(module_of("a/b.rs"), ["a", "b"]);
    }

    #[test]
    fn each_folder_in_src_bin_is_a_crate() {
        let package = tempfile::tempdir().unwrap();
        let source = package.path().join("src");
        std::fs::create_dir_all(source.join("bin/two")).unwrap();
        for file in ["lib.rs", "bin/one.rs", "bin/two/main.rs", "bin/two/a.rs"] {
            std::fs::write(source.join(file), "").unwrap();
        }
        let roots = roots(package.path()).unwrap();
        assert_eq!(roots, [source.clone(), source.join("bin/two")]);
        let names = |root: &Path| -> Vec<String> {
            read(root)
                .unwrap()
                .into_iter()
                .map(|file| file.name)
                .collect()
        };
        assert_eq!(names(&roots[0]), ["lib.rs"]);
        assert_eq!(names(&roots[1]), ["a.rs", "main.rs"]);
    }

    #[test]
    fn files_of_tests_are_left_out() {
        let sources = [
            ("lib.rs", "mod a; #[cfg(test)] mod b;"),
            ("a.rs", ""),
            ("b.rs", ""),
            ("b/c.rs", ""),
        ];
        let files = parse(&sources.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["lib.rs", "a.rs"]);
    }
}
