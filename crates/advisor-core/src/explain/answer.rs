//! Puts explanations together.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, Pattern, ResourceElement, Statement, WorkBudget,
    matches_within,
};
use service_catalog::{Action, Catalog, ServiceId};

use super::covering::{Cover, cover};
use super::error::ExplainError;
use super::explainer::Explainer;
use super::explanation::{DenyEffect, ExplainedAllow, ExplainedDeny, Explanation, NotGranted};
use super::policy_path::PlacedStatement;
use super::question::{Question, Target};
use super::resources::{Asked, Denying, ExplainedResource, Item, ResourceOutcome, items};
use super::uses::{last_uses, state_of};
use crate::advisor::Advisor;
use crate::compiled_policy::PolicyCompiler;
use crate::policy_variables::PolicyVariables;
use crate::statement_resources::{allowed_as_written, denied_as_written};

/// The work budget of an explanation: as much as a report's.
const EXPLAIN_STEPS: u64 = 4_000_000;

impl Advisor {
    /// Explains why an entity may use an action (`s3:GetObject`), or anything of a service (`s3`), or why it may not: on any
    /// resource that the action can apply to, or on one. In the resource, `*` and `?` are wildcards.
    ///
    /// It agrees with [`Advisor::reach`]: what is granted is in the reach of the entity. It is more exact where the account data tells
    /// the value of a policy variable: see [`Explanation::variables`].
    ///
    /// ```
    /// # use advisor_core::{AccountData, Activity, Advisor, NotGranted, Tracking};
    /// # use service_catalog::Catalog;
    /// # let export = r#"{"RoleDetailList": [{"RoleName": "app", "RoleId": "AROAAPP",
    /// #     "Arn": "arn:aws:iam::123456789012:role/app", "RolePolicyList": [{"PolicyName": "data",
    /// #     "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}]}}]}]}"#;
    /// # let account = AccountData::from_export("account.json", export)?;
    /// # let advisor = Advisor::new(account, &Activity::default(), Catalog::shared(), Tracking::full(), Default::default())?;
    /// let role = "arn:aws:iam::123456789012:role/app";
    /// let explanation = advisor.explain(role, "s3:GetObject", None)?;
    /// assert_eq!(explanation.allows[0].resources[0].resource, "arn:aws:s3:::b/*");
    ///
    /// let explanation = advisor.explain(role, "s3:GetObject", Some("arn:aws:s3:::c/key"))?;
    /// assert_eq!(explanation.not_granted, Some(NotGranted::OnlyOtherResources));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`AccountData::resolve`](crate::AccountData::resolve); an AWS managed policy that no export has; a service or an
    /// action that the catalog lacks, or with a wildcard; a resource that is no ARN.
    pub fn explain(
        &self,
        arn: &str,
        asked: &str,
        resource: Option<&str>,
    ) -> Result<Explanation<'_>, ExplainError> {
        let entity = self.resolve(arn)?;
        let entity = entity.ok_or_else(|| ExplainError::MissingPolicy {
            arn: arn.to_owned(),
        })?;
        self.explainer(entity).explain(asked, resource)
    }
}

/// Targets that all statements treat alike.
struct Case {
    targets: Vec<Target>,
    /// The statements that cover them, by index, and whether each names them without a wildcard where that matters.
    covering: Vec<(usize, bool)>,
}

/// What statements make of a question.
struct Covered<'a> {
    granted: Vec<Target>,
    not_granted: Option<NotGranted>,
    allows: Vec<ExplainedAllow<'a>>,
    denies: Vec<ExplainedDeny<'a>>,
    /// Whether a work budget ended.
    has_ended: bool,
}

/// What is said of the targets of a case.
struct Answered<'a> {
    /// By index of the statement.
    allows: Vec<(usize, Vec<ExplainedResource<'a>>)>,
    denies: Vec<(usize, DenyEffect)>,
    not_granted: Option<NotGranted>,
}

impl<'a> Explainer<'a> {
    /// Explains an action or a service: see [`Advisor::explain`].
    ///
    /// # Errors
    /// As [`Advisor::explain`], but for the entity.
    pub fn explain(
        &self,
        asked: &str,
        resource: Option<&str>,
    ) -> Result<Explanation<'a>, ExplainError> {
        let catalog: &'a Catalog = self.advisor.catalog();
        let question = Question::parse(catalog, asked, resource)?;
        let mut budget = WorkBudget::steps(EXPLAIN_STEPS);
        let Covered {
            mut granted,
            not_granted,
            allows,
            denies,
            has_ended,
        } = self.covered(&question, &mut budget);
        let state = state_of(self.advisor, self.entity, &question);
        let service = catalog.service(question.service);
        let action = question.action.map(|action| catalog.action(action));
        let detail = self.advisor.account().entity(self.entity);
        granted.sort_unstable_by_key(|target| target.position(catalog));
        let granted_names = granted
            .iter()
            .filter_map(|target| target.action_name(catalog));
        let mut outcomes = allows
            .iter()
            .flat_map(|allow: &ExplainedAllow<'_>| &allow.resources);
        Ok(Explanation {
            arn: detail.map_or("", |detail| &detail.arn),
            service: service.namespace(),
            action: action.map(Action::name),
            granted: !granted.is_empty(),
            not_granted: not_granted.filter(|_| granted.is_empty()),
            arn_formats: action
                .into_iter()
                .flat_map(Action::resource_types)
                .flat_map(|kind| catalog.resource_type(*kind).arn_formats())
                .collect(),
            granted_actions: action.is_none().then(|| granted_names.collect()),
            undecided: has_ended
                || outcomes.any(|resource| resource.outcome == ResourceOutcome::Undecided),
            variables: self.known_variables(&allows, &denies),
            allows,
            denies,
            last_uses: last_uses(self.advisor, self.entity, &question),
            state: state.as_ref().map(|(state, _)| *state),
            state_reason: state.and_then(|(_, reason)| reason),
            not_evaluated: self.advisor.not_evaluated(self.entity),
            permissions_boundary: detail.and_then(|detail| detail.permissions_boundary.as_deref()),
            resource: question.resource,
        })
    }

    /// The known policy variables that the resources of these statements name, and their values.
    fn known_variables(
        &self,
        allows: &[ExplainedAllow<'_>],
        denies: &[ExplainedDeny<'_>],
    ) -> BTreeMap<&'static str, Box<str>> {
        let places = allows.iter().map(|allow| &allow.place);
        let places = places.chain(denies.iter().map(|deny| &deny.place));
        let resources = places.flat_map(|place| match &place.statement.resources {
            Some(ResourceElement::Resource(patterns) | ResourceElement::NotResource(patterns)) => {
                &patterns[..]
            }
            None => &[],
        });
        let named = resources.flat_map(|resource| self.variables.named_in(resource));
        named.map(|(name, value)| (name, value.into())).collect()
    }

    /// The allows and denies that cover actions of a service, as [`Explainer::explain`] lists them for the whole service, and how
    /// many steps of work it took to decide them. What `most_steps` do not suffice to decide counts as granted, and its outcome is
    /// [`ResourceOutcome::Undecided`].
    ///
    /// ```
    /// # use advisor_core::{AccountData, Activity, Advisor, Tracking};
    /// # use service_catalog::Catalog;
    /// # let export = r#"{"RoleDetailList": [{"RoleName": "app", "RoleId": "AROAAPP",
    /// #     "Arn": "arn:aws:iam::123456789012:role/app", "RolePolicyList": [{"PolicyName": "data",
    /// #     "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
    /// #     {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::secret/*"}]}}]}]}"#;
    /// # let account = AccountData::from_export("account.json", export)?;
    /// # let advisor = Advisor::new(account, &Activity::default(), Catalog::shared(), Tracking::full(), Default::default())?;
    /// let role = advisor.account().resolve("arn:aws:iam::123456789012:role/app")?;
    /// let s3 = advisor.catalog().service_by_namespace("s3").ok_or("no s3")?;
    ///
    /// let explainer = advisor.explainer(role);
    /// let (allows, denies, steps) = explainer.covering_statements(s3, 1_000_000);
    /// assert_eq!(format!("{allows:?}"), format!("{:?}", explainer.explain("s3", None)?.allows));
    /// assert!(denies.iter().any(|deny| deny.effect.removes()) && steps < 1_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn covering_statements(
        &self,
        service: ServiceId,
        most_steps: u64,
    ) -> (Vec<ExplainedAllow<'a>>, Vec<ExplainedDeny<'a>>, u64) {
        let mut budget = WorkBudget::steps(most_steps);
        let covered = self.covered(&Question::of_service(service), &mut budget);
        (covered.allows, covered.denies, budget.spent())
    }

    fn covered(&self, question: &Question, budget: &mut WorkBudget) -> Covered<'a> {
        let catalog: &'a Catalog = self.advisor.catalog();
        let statements: Vec<PlacedStatement<'a>> = self.statements().collect();
        let mut parts = Parts {
            catalog,
            statements: &statements,
            is_whole_service: question.action.is_none(),
            budget: WorkBudget::steps(budget.left()),
            allows: BTreeMap::new(),
            denies: BTreeMap::new(),
        };
        let cases = self.cases(question, &statements, budget);
        let mut granted: Vec<Target> = Vec::new();
        let mut not_granted = None;
        let count = cases.len();
        for (index, case) in cases.into_iter().enumerate() {
            let mut own = WorkBudget::steps(budget.left() / (count - index) as u64);
            let answered = self.answer(&case, question, &statements, &mut own);
            let _ = budget.spend(own.spent());
            match answered.not_granted {
                None => granted.extend(&case.targets),
                reason => not_granted = not_granted.max(reason),
            }
            parts.add(&case, answered);
        }
        let has_ended = budget.left() == 0 || parts.budget.left() == 0;
        let (allows, denies) = parts.finish();
        Covered {
            granted,
            not_granted,
            allows,
            denies,
            has_ended,
        }
    }

    fn compiler(&self) -> &'a PolicyCompiler {
        self.advisor.engine().compiler()
    }

    /// Groups the targets of a question by the statements that cover them and by what they can apply to.
    fn cases(
        &self,
        question: &Question,
        statements: &[PlacedStatement<'a>],
        budget: &mut WorkBudget,
    ) -> Vec<Case> {
        let catalog = self.advisor.catalog();
        let mut cases: Vec<Case> = Vec::new();
        let mut known: HashMap<(u32, Vec<(usize, bool)>), usize> = HashMap::new();
        for target in question.targets(catalog) {
            let is_untyped = match target {
                Target::Action(action) => catalog.action(action).resource_types().is_empty(),
                Target::Service(_) => false,
            };
            let covering = statements.iter().enumerate().filter_map(|(index, placed)| {
                let is_allow = placed.statement.effect == Effect::Allow;
                match cover(placed.statement, target, catalog, budget) {
                    Cover::No => None,
                    Cover::Yes => Some((index, false)),
                    Cover::Named => Some((index, is_untyped && is_allow)),
                }
            });
            let covering: Vec<(usize, bool)> = covering.collect();
            let scope = self.compiler().scope_of(target.position(catalog));
            let index = *known
                .entry((scope, covering))
                .or_insert_with_key(|(_, covering)| {
                    cases.push(Case {
                        targets: Vec::new(),
                        covering: covering.clone(),
                    });
                    cases.len() - 1
                });
            if let Some(case) = cases.get_mut(index) {
                case.targets.push(target);
            }
        }
        cases
    }

    fn answer(
        &self,
        case: &Case,
        question: &Question,
        statements: &[PlacedStatement<'a>],
        budget: &mut WorkBudget,
    ) -> Answered<'a> {
        let anything = [Pattern::wildcard("*")];
        let position = case
            .targets
            .first()
            .map_or(usize::MAX, |target| target.position(self.advisor.catalog()));
        let own_formats = self.compiler().formats(self.compiler().scope_of(position));
        let covering = || {
            let covering = case.covering.iter();
            covering.filter_map(|(index, is_named)| {
                Some((*index, *is_named, statements.get(*index)?.statement))
            })
        };
        let mut denies: Vec<Deny<'a>> = covering()
            .filter(|(_, _, statement)| statement.effect == Effect::Deny)
            .map(|(index, _, statement)| Deny::new(index, statement, &self.variables))
            .collect();
        let mut allows = Vec::new();
        let mut is_of_action = question.pattern.is_none();
        for (index, is_named, statement) in covering() {
            if statement.effect == Effect::Deny {
                continue;
            }
            let asked = Asked {
                formats: if is_named { &anything } else { own_formats },
                resource: question.pattern.as_ref(),
                example: None,
            };
            is_of_action = is_of_action || asked.is_of_action(budget);
            let resources = items(statement.resources.as_ref(), &self.variables)
                .iter()
                .map(|item| explain_item(asked, item, &mut denies, budget))
                .collect();
            allows.push((index, resources));
        }
        let not_granted = why_not(&allows, is_of_action);
        Answered {
            allows,
            denies: denies
                .iter()
                .map(|deny| (deny.index, deny.effect()))
                .collect(),
            not_granted,
        }
    }
}

fn why_not(
    allows: &[(usize, Vec<ExplainedResource<'_>>)],
    is_of_action: bool,
) -> Option<NotGranted> {
    let outcomes = allows.iter().flat_map(|(_, resources)| resources);
    let best = outcomes.map(|resource| resource.outcome).max();
    match best {
        Some(outcome) if outcome.is_granted() => None,
        Some(ResourceOutcome::Denied) => Some(NotGranted::Denied),
        _ if allows.is_empty() => Some(NotGranted::NoStatement),
        _ if !is_of_action => Some(NotGranted::NotAResourceOfTheAction),
        Some(ResourceOutcome::NotAsked) => Some(NotGranted::OnlyOtherResources),
        _ => Some(NotGranted::OnlyOtherKindsOfResources),
    }
}

/// A deny of a case, and what it does to the allows seen so far.
struct Deny<'a> {
    index: usize,
    /// What it takes away from every request.
    certain: Option<Denying<'a>>,
    /// What it takes away from some request.
    possible: Option<Denying<'a>>,
    is_conditional: bool,
    takes: bool,
    leaves: bool,
    may_take: bool,
}

impl<'a> Deny<'a> {
    fn new(index: usize, statement: &'a Statement, variables: &PolicyVariables) -> Self {
        let resources = statement.resources.as_ref();
        let is_conditional = statement.condition.is_some();
        let certain = denied_as_written(resources, variables).filter(|_| !is_conditional);
        Self {
            index,
            certain: certain.map(Denying),
            possible: allowed_as_written(resources, variables).map(Denying),
            is_conditional,
            takes: false,
            leaves: false,
            may_take: false,
        }
    }

    fn effect(&self) -> DenyEffect {
        match () {
            () if self.takes && !self.leaves => DenyEffect::RemovesAll,
            () if self.takes => DenyEffect::RemovesPart,
            () if !self.may_take => DenyEffect::Apart,
            () if self.is_conditional => DenyEffect::Conditional,
            () => DenyEffect::Variable,
        }
    }
}

/// Explains the resources of an item, and notes what the denies do to them.
fn explain_item<'a>(
    asked: Asked<'_>,
    item: &Item<'a>,
    denies: &mut [Deny<'a>],
    budget: &mut WorkBudget,
) -> ExplainedResource<'a> {
    let mut touching = Vec::new();
    if asked.outcome_without_denies(item, budget).is_granted() {
        for deny in denies.iter_mut() {
            if budget.left() == 0 {
                // The outcome is then undecided, whatever the other denies do.
                break;
            }
            let touch = deny
                .certain
                .as_ref()
                .map(|certain| asked.touch(item, certain, budget));
            match touch {
                Some(touch) if touch.some => {
                    deny.takes = true;
                    deny.leaves |= touch.leaves;
                    touching.extend(deny.certain.clone());
                }
                _ => {
                    deny.leaves = true;
                    let possible = deny.possible.as_ref();
                    deny.may_take |=
                        possible.is_some_and(|possible| asked.touch(item, possible, budget).some);
                }
            }
        }
    }
    let touching: Vec<&Denying<'a>> = touching.iter().collect();
    asked.explain(item, &touching, budget)
}

/// The allows and denies of an explanation, while it is put together.
struct Parts<'a, 's> {
    catalog: &'a Catalog,
    statements: &'s [PlacedStatement<'a>],
    is_whole_service: bool,
    budget: WorkBudget,
    /// By index of the statement.
    allows: BTreeMap<usize, Vec<ExplainedAllow<'a>>>,
    denies: BTreeMap<usize, Vec<ExplainedDeny<'a>>>,
}

impl<'a> Parts<'a, '_> {
    fn add(&mut self, case: &Case, answered: Answered<'a>) {
        let names: Vec<&'a str> = case
            .targets
            .iter()
            .filter_map(|target| target.action_name(self.catalog))
            .collect();
        for (index, mut resources) in answered.allows {
            let Some(place) = self.statements.get(index).copied() else {
                continue;
            };
            if self.is_whole_service {
                shorten(&mut resources);
            }
            let matched_by = self.matched_by(place.statement, &case.targets);
            let of_statement = self.allows.entry(index).or_default();
            let known = of_statement
                .iter_mut()
                .find(|allow| allow.resources == resources);
            match known {
                Some(allow) => {
                    allow.actions.extend(&names);
                    add_new(&mut allow.matched_by, matched_by);
                }
                None => of_statement.push(ExplainedAllow {
                    place,
                    actions: names.clone(),
                    matched_by,
                    resources,
                }),
            }
        }
        for (index, effect) in answered.denies {
            let Some(place) = self.statements.get(index).copied() else {
                continue;
            };
            let matched_by = self.matched_by(place.statement, &case.targets);
            let of_statement = self.denies.entry(index).or_default();
            let known = of_statement.iter_mut().find(|deny| deny.effect == effect);
            match known {
                Some(deny) => {
                    deny.actions.extend(&names);
                    add_new(&mut deny.matched_by, matched_by);
                }
                None => of_statement.push(ExplainedDeny {
                    place,
                    actions: names.clone(),
                    matched_by,
                    effect,
                }),
            }
        }
    }

    /// The strings of a statement's `Action` that match the targets, as far as the work budget goes; all strings of a
    /// `NotAction`.
    fn matched_by(&mut self, statement: &'a Statement, targets: &[Target]) -> Vec<&'a str> {
        let patterns = match &statement.actions {
            ActionElement::Action(patterns) => patterns,
            ActionElement::NotAction(patterns) => {
                return patterns.iter().map(ActionPattern::as_str).collect();
            }
        };
        let (catalog, budget) = (self.catalog, &mut self.budget);
        let mut matches = |pattern: &ActionPattern, target: &Target| match target {
            Target::Action(id) => {
                let action = catalog.action(*id);
                let namespace = catalog.service(action.service()).namespace();
                let name = action.name().to_ascii_lowercase();
                budget.spend(1)
                    && pattern.names_service(namespace)
                    && matches_within(pattern.name(), &name, budget) == Some(true)
            }
            Target::Service(id) => pattern.names_service(catalog.service(*id).namespace()),
        };
        let matching = patterns
            .iter()
            .filter(|pattern| targets.iter().any(|target| matches(pattern, target)));
        matching.map(ActionPattern::as_str).collect()
    }

    /// In the order of the statements.
    fn finish(self) -> (Vec<ExplainedAllow<'a>>, Vec<ExplainedDeny<'a>>) {
        let mut allows: Vec<_> = self.allows.into_values().flatten().collect();
        for allow in &mut allows {
            allow.actions.sort_unstable();
        }
        let mut denies: Vec<_> = self.denies.into_values().flatten().collect();
        for deny in &mut denies {
            deny.actions.sort_unstable();
        }
        (allows, denies)
    }
}

/// Of a whole service, what differs between actions that are otherwise treated alike is left out: examples, and resources of
/// other kinds.
fn shorten(resources: &mut Vec<ExplainedResource<'_>>) {
    for resource in resources.iter_mut() {
        resource.example = None;
    }
    let is_of_action =
        |resource: &ExplainedResource<'_>| resource.outcome != ResourceOutcome::NotOfAction;
    if resources.iter().any(is_of_action) {
        resources.retain(is_of_action);
    }
}

fn add_new<'a>(known: &mut Vec<&'a str>, more: Vec<&'a str>) {
    for text in more {
        if !known.contains(&text) {
            known.push(text);
        }
    }
}
