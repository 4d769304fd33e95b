//! What an explanation says.

use std::collections::BTreeMap;

use iam_policy_parser::{ActionElement, ResourceElement};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::policy_path::PlacedStatement;
use super::resources::ExplainedResource;
use super::uses::ExplainedUse;
use crate::report::NotEvaluated;
use crate::state::{State, StateReason};

/// Why an entity may use an action, or anything of a service, or why it may not.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// The ARN of the user, group, role or managed policy.
    pub arn: &'a str,
    /// The namespace of the service.
    pub service: &'a str,
    /// The action; `None` when the whole service was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    /// The resource that was asked about; `None` for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Box<str>>,
    /// Whether it is granted: the action, or at least one of the service, on at least one resource (that was asked about).
    pub granted: bool,
    /// Why it is not granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_granted: Option<NotGranted>,
    /// The ARN formats of what the action can apply to. Empty for a service, and for an action without resource types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arn_formats: Vec<&'a str>,
    /// Of a service: the actions that are granted, sorted by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_actions: Option<Vec<&'a str>>,
    /// The allows that cover the action, or actions of the service, in the order of the policies: the entity's own, then those of
    /// its groups. Of a service, an allow is listed once for each group of actions that it treats alike.
    pub allows: Vec<ExplainedAllow<'a>>,
    /// The denies that do, likewise.
    pub denies: Vec<ExplainedDeny<'a>>,
    /// The policy variables in the resources of these statements whose value the account data tells, with the value: it stands for
    /// the variable in this answer. [`Reach`](crate::Reach) and reports count any value, so that they may list what is not granted here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<&'static str, Box<str>>,
    /// The last use of it by each identity in each Region, the most recent first.
    pub last_uses: Vec<ExplainedUse<'a>>,
    /// Whether it was used, and whether the trail would tell, when it is granted or was used. `None` when the tracking has no
    /// states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it has that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<StateReason>,
    /// The policies and groups that count, but could not be evaluated. They may grant or deny it, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_evaluated: Vec<NotEvaluated>,
    /// The ARN of the permissions boundary of the user or role. It is not evaluated, and may deny what is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<&'a str>,
    /// Whether something only counts as granted because deciding it would take too much work.
    #[serde(skip_serializing_if = "is_false")]
    pub undecided: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde passes references.
fn is_false(value: &bool) -> bool {
    !value
}

/// Why something is not granted. Of several reasons, that of the actions that come closest to being granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NotGranted {
    /// No allow names it.
    NoStatement,
    /// The action cannot apply to the resource that was asked about.
    NotAResourceOfTheAction,
    /// Allows name it, but only on resources that the action cannot apply to.
    OnlyOtherKindsOfResources,
    /// Allows name it, but on other resources than the one that was asked about.
    OnlyOtherResources,
    /// Denies take away all that allows cover.
    Denied,
}

impl NotGranted {
    /// The name in JSON, such as `no-statement`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoStatement => "no-statement",
            Self::NotAResourceOfTheAction => "not-a-resource-of-the-action",
            Self::OnlyOtherKindsOfResources => "only-other-kinds-of-resources",
            Self::OnlyOtherResources => "only-other-resources",
            Self::Denied => "denied",
        }
    }
}

impl Serialize for NotGranted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An allow that covers the action.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExplainedAllow<'a> {
    /// The statement and the way to it.
    pub place: PlacedStatement<'a>,
    /// The actions that it covers in this way.
    pub actions: Vec<&'a str>,
    /// The strings of its `Action` that match them; for a `NotAction` all of its strings.
    pub matched_by: Vec<&'a str>,
    /// What becomes of its resources, string by string.
    pub resources: Vec<ExplainedResource<'a>>,
}

impl ExplainedAllow<'_> {
    /// Whether it grants the action on some resource.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        let mut resources = self.resources.iter();
        resources.any(|resource| resource.outcome.is_granted())
    }
}

/// A deny that covers the action.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExplainedDeny<'a> {
    /// The statement and the way to it.
    pub place: PlacedStatement<'a>,
    /// The actions that it covers in this way.
    pub actions: Vec<&'a str>,
    /// The strings of its `Action` that match them; for a `NotAction` all of its strings.
    pub matched_by: Vec<&'a str>,
    /// What it does.
    pub effect: DenyEffect,
}

/// What a deny does to what allows cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DenyEffect {
    /// It takes all of it away.
    RemovesAll,
    /// It takes a part of it away.
    RemovesPart,
    /// It covers a part of it under its condition. What is denied to some requests only is still granted.
    Conditional,
    /// It covers a part of it for some values of its policy variables that are not known, and so takes nothing away.
    Variable,
    /// It covers nothing that allows cover.
    Apart,
}

impl DenyEffect {
    /// The name in JSON, such as `removes-all`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RemovesAll => "removes-all",
            Self::RemovesPart => "removes-part",
            Self::Conditional => "conditional",
            Self::Variable => "variable",
            Self::Apart => "apart",
        }
    }

    /// Whether it takes something away.
    #[must_use]
    pub fn removes(self) -> bool {
        matches!(self, Self::RemovesAll | Self::RemovesPart)
    }
}

impl Serialize for ExplainedResource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Resource", 6)?;
        if self.not_resource.is_empty() {
            row.serialize_field("Resource", &self.resource)?;
        } else {
            row.serialize_field("NotResource", &self.not_resource)?;
        }
        row.serialize_field("Outcome", self.outcome.name())?;
        if !self.except.is_empty() {
            row.serialize_field("Except", &self.except)?;
        }
        if !self.only.is_empty() {
            row.serialize_field("Only", &self.only)?;
        }
        if let Some(example) = &self.example {
            row.serialize_field("Example", example)?;
        }
        row.end()
    }
}

impl Serialize for ExplainedAllow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Allow", 6)?;
        row.serialize_field("Granted", &self.is_granted())?;
        row.serialize_field("Statement", &self.place)?;
        row.serialize_field("CoveredActions", &self.actions)?;
        row.serialize_field(action_key(&self.place), &self.matched_by)?;
        row.serialize_field("Resources", &self.resources)?;
        if let Some(condition) = &self.place.statement.condition {
            row.serialize_field("Condition", condition)?;
        }
        row.end()
    }
}

impl Serialize for ExplainedDeny<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Deny", 6)?;
        row.serialize_field("Effect", self.effect.name())?;
        row.serialize_field("Statement", &self.place)?;
        row.serialize_field("CoveredActions", &self.actions)?;
        row.serialize_field(action_key(&self.place), &self.matched_by)?;
        let (key, texts) = self.place.resources();
        row.serialize_field(key, &texts)?;
        if let Some(condition) = &self.place.statement.condition {
            row.serialize_field("Condition", condition)?;
        }
        row.end()
    }
}

fn action_key(place: &PlacedStatement<'_>) -> &'static str {
    match place.statement.actions {
        ActionElement::Action(_) => "Action",
        ActionElement::NotAction(_) => "NotAction",
    }
}

impl<'a> PlacedStatement<'a> {
    /// The element with the statement's resources, and its strings.
    fn resources(&self) -> (&'static str, Vec<&'a str>) {
        let (key, patterns) = match &self.statement.resources {
            Some(ResourceElement::Resource(patterns)) => ("Resource", &patterns[..]),
            Some(ResourceElement::NotResource(patterns)) => ("NotResource", &patterns[..]),
            None => ("Resource", &[][..]),
        };
        let texts = patterns.iter().map(|resource| &*resource.text);
        (key, texts.collect())
    }
}
