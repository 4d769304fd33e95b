//! Relative links between Markdown files: the file exists, and so does the heading that the anchor names.

use std::path::Path;

use crate::page::Page;

/// The broken links of a file, as messages.
pub(crate) fn broken(root: &Path, file: &Path) -> Vec<String> {
    let page = Page::read(root, file);
    let mut broken = Vec::new();
    for (line, text) in &page.prose {
        for link in targets(text) {
            if let Err(reason) = check(root, file, &page, link) {
                broken.push(format!("{}:{line}: {link}: {reason}", page.name));
            }
        }
    }
    broken
}

/// What stands in `](...)` in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}

fn check(root: &Path, file: &Path, page: &Page, link: &str) -> Result<(), String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = file.parent().unwrap_or(root).join(path);
    if !path.is_empty() && !target.exists() {
        return Err("no such file".to_owned());
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let has = if path.is_empty() {
        has_heading(page, anchor)
    } else {
        has_heading(&Page::read(root, &target), anchor)
    };
    has.then_some(())
        .ok_or_else(|| "no such heading".to_owned())
}

fn has_heading(page: &Page, anchor: &str) -> bool {
    let headings = page.prose.iter().filter(|(_, line)| line.starts_with('#'));
    headings.into_iter().any(|(_, line)| slug(line) == anchor)
}

/// The anchor that GitHub gives a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(
        slug("## Where AWS's answers are not recorded"),
        "where-awss-answers-are-not-recorded"
    );
    assert_eq!(slug("# `serve`, and more"), "serve-and-more");
}

#[test]
fn targets_are_found() {
    let line = "See [a](a.md) and [b](b.md#c), not (this).";
    assert_eq!(targets(line).collect::<Vec<_>>(), ["a.md", "b.md#c"]);
}
