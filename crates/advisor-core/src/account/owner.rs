//! Which account owns an entity. AWS managed policies (`arn:aws:iam::aws:policy/...`) have `aws` in
//! place of an account number.

use std::collections::BTreeSet;

use super::entity::EntityDetail;
use super::graph::AccountData;
use crate::export::ManagedPolicyDetail;
use crate::ids::AccountId;

impl AccountId {
    /// The account part of an ARN, `aws` for an AWS managed policy; `None` when the text has no such
    /// part or it is empty.
    ///
    /// ```
    /// use advisor_core::AccountId;
    /// let account = AccountId::of_arn("arn:aws:iam::111122223333:user/ada");
    /// assert_eq!(account, Some("111122223333".into()));
    /// assert_eq!(AccountId::of_arn("arn:aws:s3:::bucket"), None);
    /// ```
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        arn.split(':')
            .nth(4)
            .filter(|account| !account.is_empty())
            .map(Into::into)
    }

    /// Whether this is `aws`, which stands for AWS in the ARNs of AWS managed policies.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        self.as_str() == "aws"
    }
}

impl AccountData {
    /// The accounts that own a user, group, role or policy.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.entities()
            .map(|(_, detail)| &detail.account)
            .filter(|account| !account.is_aws() && !account.as_str().is_empty())
            .cloned()
            .collect()
    }
}

impl EntityDetail {
    /// Whether this is a managed policy that AWS maintains, not the account.
    #[must_use]
    pub fn is_aws_managed(&self) -> bool {
        self.account.is_aws()
    }
}

impl ManagedPolicyDetail<'_> {
    /// Whether AWS maintains this policy, not the account.
    #[must_use]
    pub fn is_aws_managed(&self) -> bool {
        AccountId::of_arn(&self.arn).is_some_and(|account| account.is_aws())
    }
}
