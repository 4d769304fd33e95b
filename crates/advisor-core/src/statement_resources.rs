//! The resources that the `Resource` or `NotResource` of a statement covers.

use std::borrow::Cow;

use iam_policy_parser::{Pattern, ResourceElement, ResourcePattern};

use crate::policy_variables::PolicyVariables;

/// The resources that a statement covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resources {
    All,
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

/// A string of a statement.
#[derive(Clone, Debug)]
pub(crate) struct WrittenResource<'a> {
    /// As written.
    pub(crate) text: &'a str,
    /// With the values of the policy variables that are known.
    pub(crate) pattern: Cow<'a, Pattern>,
}

impl<'a> WrittenResource<'a> {
    pub(crate) fn new(resource: &'a ResourcePattern, variables: &PolicyVariables) -> Self {
        Self {
            text: &resource.text,
            pattern: variables.resolve(resource),
        }
    }

    pub(crate) fn all(patterns: &'a [ResourcePattern], variables: &PolicyVariables) -> Vec<Self> {
        let patterns = patterns.iter();
        patterns.map(|one| Self::new(one, variables)).collect()
    }
}

/// The resources that a statement covers, with the strings of the statement.
#[derive(Clone, Debug)]
pub(crate) enum WrittenResources<'a> {
    All,
    Only(Vec<WrittenResource<'a>>),
    AllBut(Vec<WrittenResource<'a>>),
}

impl From<WrittenResources<'_>> for Resources {
    fn from(written: WrittenResources<'_>) -> Self {
        let own = |patterns: Vec<WrittenResource<'_>>| {
            let patterns = patterns.into_iter();
            patterns
                .map(|resource| resource.pattern.into_owned())
                .collect()
        };
        match written {
            WrittenResources::All => Self::All,
            WrittenResources::Only(patterns) => Self::Only(own(patterns)),
            WrittenResources::AllBut(patterns) => Self::AllBut(own(patterns)),
        }
    }
}

/// [`allowed_as_written`] of any identity, without the strings.
pub(crate) fn allowed_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    allowed_as_written(element, &PolicyVariables::default()).map(Resources::from)
}

/// [`denied_as_written`] of any identity, without the strings.
pub(crate) fn denied_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    denied_as_written(element, &PolicyVariables::default()).map(Resources::from)
}

/// The resources that an allow covers for some value of the policy variables that are not known; `None` for none. Such a
/// variable matches any string, so a pattern with one excludes nothing from `NotResource`.
pub(crate) fn allowed_as_written<'a>(
    element: Option<&'a ResourceElement>,
    variables: &PolicyVariables,
) -> Option<WrittenResources<'a>> {
    match element? {
        ResourceElement::Resource(patterns) => {
            let patterns = WrittenResource::all(patterns, variables);
            if patterns
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(WrittenResources::All);
            }
            Some(WrittenResources::Only(patterns))
        }
        ResourceElement::NotResource(patterns) => {
            let mut patterns = WrittenResource::all(patterns, variables);
            patterns.retain(|resource| !resource.pattern.has_variable());
            if patterns
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return None;
            }
            Some(all_but(patterns))
        }
    }
}

/// The resources that a deny covers for every value of the policy variables that are not known; `None` for none. A
/// resource with such a variable removes nothing. A `NotResource` with one makes the statement remove
/// nothing.
pub(crate) fn denied_as_written<'a>(
    element: Option<&'a ResourceElement>,
    variables: &PolicyVariables,
) -> Option<WrittenResources<'a>> {
    match element? {
        ResourceElement::Resource(patterns) => {
            let mut certain = WrittenResource::all(patterns, variables);
            certain.retain(|resource| !resource.pattern.has_variable());
            if certain
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(WrittenResources::All);
            }
            (!certain.is_empty()).then_some(WrittenResources::Only(certain))
        }
        ResourceElement::NotResource(patterns) => {
            let patterns = WrittenResource::all(patterns, variables);
            let removes = patterns.iter().all(|resource| {
                !resource.pattern.has_variable() && !resource.pattern.is_universal()
            });
            removes.then(|| all_but(patterns))
        }
    }
}

fn all_but(patterns: Vec<WrittenResource<'_>>) -> WrittenResources<'_> {
    if patterns.is_empty() {
        WrittenResources::All
    } else {
        WrittenResources::AllBut(patterns)
    }
}
