//! Explains the permissions of one entity, any number of actions.

use iam_policy_parser::{Statement, WorkBudget};
use service_catalog::ActionId;

use super::policy_path::{PlacedStatement, PolicyPath};
use crate::account::{EntityId, PolicySource};
use crate::advisor::Advisor;
use crate::compiled_policy::{CompiledPolicy, CompiledStatement, PolicyCompiler};
use crate::reach::{Denied, is_any_allowed};

/// What deciding one statement for one action may take: 0.4 ms. Real policies need a few hundred steps.
const STATEMENT_STEPS: u64 = 40_000;

/// Explains the permissions of one user, group, role or managed policy.
///
/// It is made once for an entity, and then cheap to ask: policies are compiled once for all entities, and what is decided about
/// resources is shared by actions and entities.
#[derive(Clone, Debug)]
pub struct Explainer<'a> {
    pub(super) advisor: &'a Advisor,
    pub(super) entity: EntityId,
    policies: Vec<ExplainedPolicy<'a>>,
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
                path: PolicyPath::new(account, entity, detail?, &policy),
                statements: &account.documents().get(id.index())?.statements,
                compiled: self.engine().compiled(account, id.index())?,
            })
        });
        Explainer {
            advisor: self,
            entity,
            policies: policies.collect(),
        }
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
        let position = action.index();
        let is_denied = |policy: &ExplainedPolicy<'_>| policy.compiled.denied.contains(position);
        if self.policies.iter().any(is_denied) {
            return Vec::new();
        }
        let denies = self
            .policies
            .iter()
            .filter(|policy| policy.compiled.scoped_denied.contains(position))
            .flat_map(|policy| &policy.compiled.scoped_denies)
            .filter(|deny| deny.actions.contains(position));
        let denies: Vec<&CompiledStatement> = denies.collect();
        let denied = Denied::by(denies, &mut WorkBudget::steps(STATEMENT_STEPS));
        let compiler = self.advisor.engine().compiler();
        let mut granting = Vec::new();
        for policy in &self.policies {
            if !policy.compiled.possible.contains(position) {
                continue;
            }
            for allow in &policy.compiled.allows {
                if allow.actions.contains(position)
                    && is_granted(compiler, position, allow, denied.as_ref())
                    && let Some(statement) = policy.statements.get(allow.index)
                {
                    granting.push(PlacedStatement {
                        path: policy.path,
                        index: allow.index,
                        statement,
                    });
                }
            }
        }
        granting
    }
}

/// Whether an allow has a resource that the denies do not cover; `true` where that is not decided.
fn is_granted(
    compiler: &PolicyCompiler,
    position: usize,
    allow: &CompiledStatement,
    denied: Option<&Denied<'_>>,
) -> bool {
    let Some(denied) = denied.filter(|denied| !denied.ids.is_empty()) else {
        return true;
    };
    let scope = compiler.scope_in(allow, position);
    let key: Vec<u32> = [scope, allow.resources_id]
        .into_iter()
        .chain(denied.ids.iter().copied())
        .collect();
    let decide = |budget: &mut WorkBudget| {
        is_any_allowed(compiler.formats(scope), &allow.resources, denied, budget)
    };
    let decided = compiler.decisions().get(&key, STATEMENT_STEPS, decide);
    decided.answer != Some(false)
}
