//! Whether the caller's own permission policies allow an operation.
//!
//! As far as reports know it: what a policy allows under a condition counts as allowed, and an
//! allow on some of the resources as one on all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::reach::ReachEngine;
use advisor_core::{AccountId, Caller};
use advisor_store::Operations;
use iam_policy_parser::{IamArn, IamEntity};

use crate::error::ApiError;
use crate::operation::Operation;

/// Compiled policies of the accounts that callers are in, each with the generation it is of.
#[derive(Debug, Default)]
pub(crate) struct Permissions(Mutex<HashMap<AccountId, (i64, Arc<ReachEngine>)>>);

impl Permissions {
    /// Checks that the caller may call this operation.
    pub(crate) fn check(
        &self,
        operations: &Operations,
        caller: &Caller,
        operation: Operation,
    ) -> Result<(), ApiError> {
        if self.allow(operations, caller, operation)? {
            return Ok(());
        }
        let (arn, name) = (caller.arn(), operation.name());
        Err(ApiError::new(
            403,
            "AccessDenied",
            format!(
                "User: {arn} is not authorized to perform: iam:{name} on resource: * because no \
                 identity-based policy allows the iam:{name} action"
            ),
        ))
    }

    fn allow(
        &self,
        operations: &Operations,
        caller: &Caller,
        operation: Operation,
    ) -> Result<bool, ApiError> {
        let Ok(arn) = caller.arn().parse::<IamArn>() else {
            return Ok(false);
        };
        let identity = match arn.entity() {
            IamEntity::Root => return Ok(true),
            IamEntity::User { .. } => caller.arn().to_owned(),
            IamEntity::AssumedRole { role, .. } => format!(
                "arn:{}:iam::{}:role/{role}",
                arn.arn().partition(),
                arn.account()
            ),
            // What the user may do that a federated user stems from is not known.
            _ => return Ok(false),
        };
        let account = AccountId::from(arn.account());
        let Some(picture) = operations.store().picture(&account)? else {
            return Ok(false);
        };
        let Ok(entity) = picture.account.resolve(&identity) else {
            return Ok(false);
        };
        let catalog = operations.catalog();
        let action = catalog
            .service_by_namespace("iam")
            .and_then(|service| catalog.action_by_name(service, operation.name()));
        let Some(action) = action else {
            return Ok(false);
        };
        let known = self.known(&account, picture.generation);
        let engine = known.unwrap_or_else(|| {
            let engine = Arc::new(ReachEngine::new(&picture.account, catalog.clone()));
            self.engines()
                .insert(account, (picture.generation, engine.clone()));
            engine
        });
        Ok(engine.reach(&picture.account, entity).contains(action))
    }

    fn known(&self, account: &AccountId, generation: i64) -> Option<Arc<ReachEngine>> {
        match self.engines().get(account) {
            Some((known, engine)) if *known == generation => Some(engine.clone()),
            _ => None,
        }
    }

    fn engines(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, (i64, Arc<ReachEngine>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
