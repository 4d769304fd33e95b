//! The resources that the `Resource` or `NotResource` of a statement covers.

use iam_policy_parser::{Pattern, ResourceElement, ResourcePattern};

/// The resources that a statement covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resources {
    All,
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

/// The resources that an allow covers for some value of its policy variables; `None` for none. A
/// variable matches any string, so a pattern with one excludes nothing from `NotResource`.
pub(crate) fn allowed_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    match element? {
        ResourceElement::Resource(patterns) => {
            if patterns
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(Resources::All);
            }
            Some(Resources::Only(own(patterns.iter())))
        }
        ResourceElement::NotResource(patterns) => {
            if patterns
                .iter()
                .any(|r| r.pattern.is_universal() && !r.pattern.has_variable())
            {
                return None;
            }
            all_but(own(patterns
                .iter()
                .filter(|resource| !resource.pattern.has_variable())))
        }
    }
}

/// The resources that a deny covers for every value of its policy variables; `None` for none. A
/// resource with a variable removes nothing. A `NotResource` with one makes the statement remove
/// nothing.
pub(crate) fn denied_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    match element? {
        ResourceElement::Resource(patterns) => {
            let certain = own(patterns
                .iter()
                .filter(|resource| !resource.pattern.has_variable()));
            if certain.iter().any(Pattern::is_universal) {
                return Some(Resources::All);
            }
            (!certain.is_empty()).then_some(Resources::Only(certain))
        }
        ResourceElement::NotResource(patterns) => {
            let removes = patterns.iter().all(|resource| {
                !resource.pattern.has_variable() && !resource.pattern.is_universal()
            });
            if removes {
                all_but(own(patterns.iter()))
            } else {
                None
            }
        }
    }
}

fn all_but(patterns: Vec<Pattern>) -> Option<Resources> {
    Some(if patterns.is_empty() {
        Resources::All
    } else {
        Resources::AllBut(patterns)
    })
}

fn own<'a>(patterns: impl Iterator<Item = &'a ResourcePattern>) -> Vec<Pattern> {
    patterns.map(|resource| resource.pattern.clone()).collect()
}
