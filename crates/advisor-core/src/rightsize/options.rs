//! What to keep, how to write it, and the limits that new policies must keep.

use crate::report::Granularity;

use super::keep_rules::KeepRules;

/// How policies are right-sized.
///
/// ```
/// use advisor_core::{Granularity, KeepRules, RightsizeOptions, Wildcards};
/// let options = RightsizeOptions::default()
///     .granularity(Granularity::Service)
///     .wildcards(Wildcards::Safe)
///     .keep(KeepRules::parse("iam:PassRole")?);
/// assert_eq!(options.limits.managed_policy, 6_144);
/// # Ok::<(), advisor_core::KeepRuleError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RightsizeOptions {
    /// Whether single actions are removed, or only services of which every granted action is unused.
    pub granularity: Granularity,
    /// Whether new policies may have wildcards.
    pub wildcards: Wildcards,
    /// What stays although it is unused.
    pub keep: KeepRules,
    /// The limits of new policies.
    pub limits: PolicyLimits,
}

/// Whether actions in new policies are written with wildcards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wildcards {
    /// Every action by its name.
    #[default]
    None,
    /// With wildcards where they match only strings that an old pattern matched and, of the actions in the catalog, only those that
    /// are kept.
    Safe,
}

/// IAM's limits, in characters without white space and in policies. Source: IAM User Guide, "IAM and AWS STS quotas".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyLimits {
    /// The characters of a managed policy.
    pub managed_policy: usize,
    /// The characters of all inline policies of a user.
    pub inline_user: usize,
    /// The characters of all inline policies of a role.
    pub inline_role: usize,
    /// The characters of all inline policies of a group.
    pub inline_group: usize,
    /// The managed policies that can be attached to a user.
    pub attached_user: usize,
    /// The managed policies that can be attached to a role.
    pub attached_role: usize,
    /// The managed policies that can be attached to a group.
    pub attached_group: usize,
}

impl PolicyLimits {
    /// IAM's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the characters of a managed policy.
    #[must_use]
    pub fn managed_policy(mut self, characters: usize) -> Self {
        self.managed_policy = characters;
        self
    }

    /// Sets the characters of all inline policies of a user.
    #[must_use]
    pub fn inline_user(mut self, characters: usize) -> Self {
        self.inline_user = characters;
        self
    }

    /// Sets the characters of all inline policies of a role.
    #[must_use]
    pub fn inline_role(mut self, characters: usize) -> Self {
        self.inline_role = characters;
        self
    }

    /// Sets the characters of all inline policies of a group.
    #[must_use]
    pub fn inline_group(mut self, characters: usize) -> Self {
        self.inline_group = characters;
        self
    }

    /// Sets the managed policies that can be attached to a user.
    #[must_use]
    pub fn attached_user(mut self, policies: usize) -> Self {
        self.attached_user = policies;
        self
    }

    /// Sets the managed policies that can be attached to a role.
    #[must_use]
    pub fn attached_role(mut self, policies: usize) -> Self {
        self.attached_role = policies;
        self
    }

    /// Sets the managed policies that can be attached to a group.
    #[must_use]
    pub fn attached_group(mut self, policies: usize) -> Self {
        self.attached_group = policies;
        self
    }

    /// The names of the limits, as the command line has them.
    pub const NAMES: [&'static str; 7] = [
        "managed-policy",
        "inline-user",
        "inline-role",
        "inline-group",
        "attached-user",
        "attached-role",
        "attached-group",
    ];

    /// Sets the limit of a name, one of [`NAMES`](Self::NAMES).
    ///
    /// # Errors
    /// There is no limit of this name.
    pub fn set(&mut self, name: &str, number: usize) -> Result<(), UnknownLimitError> {
        *match name {
            "managed-policy" => &mut self.managed_policy,
            "inline-user" => &mut self.inline_user,
            "inline-role" => &mut self.inline_role,
            "inline-group" => &mut self.inline_group,
            "attached-user" => &mut self.attached_user,
            "attached-role" => &mut self.attached_role,
            "attached-group" => &mut self.attached_group,
            _ => return Err(UnknownLimitError { name: name.into() }),
        } = number;
        Ok(())
    }

    /// What policies of any user, group or role can have in all. A statement takes no fewer characters when it is split, or packed with
    /// others.
    pub(super) fn most_characters(&self) -> usize {
        let most = |inline: usize, attached: usize| {
            inline.max(attached.saturating_mul(self.managed_policy))
        };
        most(self.inline_user, self.attached_user)
            .max(most(self.inline_role, self.attached_role))
            .max(most(self.inline_group, self.attached_group))
            .max(self.managed_policy)
    }
}

/// There is no limit of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit {name:?}; there are {}", PolicyLimits::NAMES.join(", "))]
#[non_exhaustive]
pub struct UnknownLimitError {
    /// The name.
    pub name: Box<str>,
}

/// IAM's defaults: quotas that an account can raise are as they are in a new account.
impl Default for PolicyLimits {
    fn default() -> Self {
        Self {
            managed_policy: 6_144,
            inline_user: 2_048,
            inline_role: 10_240,
            inline_group: 5_120,
            attached_user: 10,
            attached_role: 20,
            attached_group: 10,
        }
    }
}

/// By action, every action by its name, IAM's default limits, nothing kept that is unused.
impl Default for RightsizeOptions {
    fn default() -> Self {
        Self {
            granularity: Granularity::Action,
            wildcards: Wildcards::default(),
            keep: KeepRules::default(),
            limits: PolicyLimits::default(),
        }
    }
}

impl RightsizeOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether single actions are removed, or only whole services.
    #[must_use]
    pub fn granularity(mut self, granularity: Granularity) -> Self {
        self.granularity = granularity;
        self
    }

    /// Sets whether new policies may have wildcards.
    #[must_use]
    pub fn wildcards(mut self, wildcards: Wildcards) -> Self {
        self.wildcards = wildcards;
        self
    }

    /// Sets what stays although it is unused.
    #[must_use]
    pub fn keep(mut self, keep: KeepRules) -> Self {
        self.keep = keep;
        self
    }

    /// Sets the limits of new policies.
    #[must_use]
    pub fn limits(mut self, limits: PolicyLimits) -> Self {
        self.limits = limits;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_one_limit() {
        let mut limits = PolicyLimits::new();
        for (number, name) in PolicyLimits::NAMES.iter().enumerate() {
            limits.set(name, number).unwrap();
        }
        let in_order = PolicyLimits::new()
            .managed_policy(0)
            .inline_user(1)
            .inline_role(2)
            .inline_group(3)
            .attached_user(4)
            .attached_role(5)
            .attached_group(6);
        assert_eq!(limits, in_order);
        let error = limits.set("attached", 1).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no limit \"attached\"; there are managed-policy, ")
        );
        assert_eq!(limits, in_order);
    }
}
