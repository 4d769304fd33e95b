//! The resources that the `Resource` or `NotResource` of a statement covers.

use iam_policy_parser::{Pattern, ResourceElement, ResourcePattern};

/// The resources that a statement covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resources {
    All,
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

/// The resources that a statement covers, with the strings of the statement.
#[derive(Clone, Debug)]
pub(crate) enum WrittenResources<'a> {
    All,
    Only(Vec<&'a ResourcePattern>),
    AllBut(Vec<&'a ResourcePattern>),
}

impl From<WrittenResources<'_>> for Resources {
    fn from(written: WrittenResources<'_>) -> Self {
        let own = |patterns: Vec<&ResourcePattern>| {
            let patterns = patterns.into_iter();
            patterns.map(|resource| resource.pattern.clone()).collect()
        };
        match written {
            WrittenResources::All => Self::All,
            WrittenResources::Only(patterns) => Self::Only(own(patterns)),
            WrittenResources::AllBut(patterns) => Self::AllBut(own(patterns)),
        }
    }
}

/// [`allowed_as_written`], without the strings.
pub(crate) fn allowed_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    allowed_as_written(element).map(Resources::from)
}

/// [`denied_as_written`], without the strings.
pub(crate) fn denied_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    denied_as_written(element).map(Resources::from)
}

/// The resources that an allow covers for some value of its policy variables; `None` for none. A
/// variable matches any string, so a pattern with one excludes nothing from `NotResource`.
pub(crate) fn allowed_as_written(
    element: Option<&ResourceElement>,
) -> Option<WrittenResources<'_>> {
    match element? {
        ResourceElement::Resource(patterns) => {
            if patterns
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(WrittenResources::All);
            }
            Some(WrittenResources::Only(patterns.iter().collect()))
        }
        ResourceElement::NotResource(patterns) => {
            if patterns
                .iter()
                .any(|r| r.pattern.is_universal() && !r.pattern.has_variable())
            {
                return None;
            }
            all_but(
                patterns
                    .iter()
                    .filter(|resource| !resource.pattern.has_variable()),
            )
        }
    }
}

/// The resources that a deny covers for every value of its policy variables; `None` for none. A
/// resource with a variable removes nothing. A `NotResource` with one makes the statement remove
/// nothing.
pub(crate) fn denied_as_written(element: Option<&ResourceElement>) -> Option<WrittenResources<'_>> {
    match element? {
        ResourceElement::Resource(patterns) => {
            let certain: Vec<_> = patterns
                .iter()
                .filter(|resource| !resource.pattern.has_variable())
                .collect();
            if certain
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(WrittenResources::All);
            }
            (!certain.is_empty()).then_some(WrittenResources::Only(certain))
        }
        ResourceElement::NotResource(patterns) => {
            let removes = patterns.iter().all(|resource| {
                !resource.pattern.has_variable() && !resource.pattern.is_universal()
            });
            if removes {
                all_but(patterns.iter())
            } else {
                None
            }
        }
    }
}

fn all_but<'a>(
    patterns: impl Iterator<Item = &'a ResourcePattern>,
) -> Option<WrittenResources<'a>> {
    let patterns: Vec<_> = patterns.collect();
    Some(if patterns.is_empty() {
        WrittenResources::All
    } else {
        WrittenResources::AllBut(patterns)
    })
}
