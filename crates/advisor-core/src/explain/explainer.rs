//! Explains the permissions of one entity, any number of actions.

use std::sync::OnceLock;

use iam_policy_parser::Statement;
use service_catalog::ActionId;

use super::policy_path::{PlacedStatement, PolicyPath};
use crate::account::{EntityId, PolicySource};
use crate::action_set::ActionSet;
use crate::advisor::Advisor;
use crate::compiled_policy::CompiledPolicy;
use crate::policy_variables::PolicyVariables;
use crate::reach::granting_allows;
use crate::statement_resources::Resources;

/// Explains the permissions of one user, group, role or managed policy.
///
/// It is made once for an entity, and then cheap to ask: policies are compiled once for all entities, what is decided about
/// resources is shared by actions and entities, and what each statement grants is found once.
#[derive(Clone, Debug)]
pub struct Explainer<'a> {
    pub(super) advisor: &'a Advisor,
    pub(super) entity: EntityId,
    policies: Vec<ExplainedPolicy<'a>>,
    /// What is known of the policy variables in its requests.
    pub(super) variables: PolicyVariables,
    granting: OnceLock<Vec<Granting<'a>>>,
}

/// A statement that grants something.
#[derive(Clone, Debug)]
pub(crate) struct Granting<'a> {
    pub(crate) place: PlacedStatement<'a>,
    is_on_all_resources: bool,
    /// The actions that it grants.
    pub(crate) actions: ActionSet,
}

/// A policy that counts for the entity.
#[derive(Clone, Copy, Debug)]
struct ExplainedPolicy<'a> {
    path: PolicyPath<'a>,
    statements: &'a [Statement],
    compiled: &'a CompiledPolicy,
}

impl Advisor {
    /// Explains the permissions of an entity of this advisor's account data.
    ///
    /// ```
    /// # use advisor_core::{AccountData, Activity, Advisor, Tracking};
    /// # use service_catalog::Catalog;
    /// # let export = r#"{"RoleDetailList": [{"RoleName": "app", "RoleId": "AROAAPP",
    /// #     "Arn": "arn:aws:iam::123456789012:role/app", "RolePolicyList": [{"PolicyName": "data",
    /// #     "PolicyDocument": {"Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}}]}]}"#;
    /// # let account = AccountData::from_export("account.json", export)?;
    /// # let advisor = Advisor::new(account, &Activity::default(), Catalog::shared(), Tracking::full(), Default::default())?;
    /// let role = advisor.account().resolve("arn:aws:iam::123456789012:role/app")?;
    /// let s3 = advisor.catalog().service_by_namespace("s3").ok_or("no s3")?;
    /// let action = advisor.catalog().action_by_name(s3, "GetObject").ok_or("no action")?;
    ///
    /// let explainer = advisor.explainer(role);
    /// let granting = explainer.granting_statements(action);
    /// assert_eq!(granting[0].path.policy_name, "data");
    /// assert_eq!(granting[0].statement.sid.as_deref(), Some("Read"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explainer(&self, entity: EntityId) -> Explainer<'_> {
        let account = self.account();
        let policies = account.policies_in_effect(entity).into_iter();
        let detail = account.entity(entity);
        let policies = policies.filter_map(|policy| {
            let PolicySource::Document(id) = policy.document else {
                return None;
            };
            Some(ExplainedPolicy {
                path: PolicyPath::new(account, entity, detail?, &policy, *id),
                statements: &account.documents().get(id.index())?.statements,
                compiled: self.compiled(*id)?,
            })
        });
        Explainer {
            advisor: self,
            entity,
            policies: policies.collect(),
            variables: detail.map(PolicyVariables::of).unwrap_or_default(),
            granting: OnceLock::new(),
        }
    }
}

impl Granting<'_> {
    /// Whether it allows on all resources and without a condition.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.is_on_all_resources && self.place.statement.condition.is_none()
    }
}

impl<'a> Explainer<'a> {
    /// The statements of all policies that count.
    pub(super) fn statements(&self) -> impl Iterator<Item = PlacedStatement<'a>> {
        self.policies.iter().flat_map(|policy| {
            let statements = policy.statements.iter().enumerate();
            statements.map(|(index, statement)| PlacedStatement {
                path: policy.path,
                index,
                statement,
            })
        })
    }

    /// The statements that grant an action: those that allow it, with any condition, on a resource that it can apply to and that
    /// no deny without a condition covers. Where deciding that would take too much work, the statement is listed. Empty when
    /// the action is not granted.
    ///
    /// Their order is that of the policies: the entity's own, then those of its groups.
    #[must_use]
    pub fn granting_statements(&self, action: ActionId) -> Vec<PlacedStatement<'a>> {
        let grants = |one: &&Granting<'a>| one.actions.contains(action.index());
        let granting = self.granting().iter().filter(grants);
        granting.map(|one| one.place).collect()
    }

    /// All statements that grant something, in the same order, with what each grants. Found when first asked for.
    pub(crate) fn granting(&self) -> &[Granting<'a>] {
        self.granting.get_or_init(|| {
            let policies: Vec<&CompiledPolicy> =
                self.policies.iter().map(|policy| policy.compiled).collect();
            let allows = granting_allows(self.advisor.engine().compiler(), &policies);
            let granting = allows.into_iter().filter(|one| !one.actions.is_empty());
            let granting = granting.filter_map(|one| {
                let policy = self.policies.get(one.policy)?;
                Some(Granting {
                    place: PlacedStatement {
                        path: policy.path,
                        index: one.allow.index,
                        statement: policy.statements.get(one.allow.index)?,
                    },
                    is_on_all_resources: *one.allow.resources == Resources::All,
                    actions: one.actions,
                })
            });
            granting.collect()
        })
    }
}
