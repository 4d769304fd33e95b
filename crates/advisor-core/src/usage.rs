//! Usage: the activity of each user and role of an account.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use iam_policy_parser::IamArn;
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::account::{AccountData, EntityId, EntityKind};
use crate::activity::{Activity, ActivityRow, CreditedAction, Evidence};
use crate::service_ref::ServiceRef;
use crate::tracking::Attempts;

/// The activity of an account's users and roles.
#[derive(Debug)]
pub(crate) struct Usage {
    by_identity: HashMap<EntityId, Vec<Used>>,
    unmatched_principals: usize,
}

/// What one identity did with one action in one Region.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) service: ServiceRef,
    pub(crate) action: Option<ActionId>,
    pub(crate) evidence: Evidence,
    pub(crate) region: Arc<str>,
    pub(crate) attempts: Attempts,
    /// The number of attempts.
    pub(crate) count: u64,
    /// The number of attempts that were denied.
    pub(crate) denied: u64,
    pub(crate) last_event_id: Box<str>,
}

impl Used {
    /// Whether an event named after the action, or after nothing that the catalog knows, shows the use.
    pub(crate) fn is_by_event(&self) -> bool {
        matches!(self.evidence, Evidence::Event | Evidence::UnresolvedEvent)
    }
}

impl Usage {
    /// Finds the user or role of every row of the activity.
    pub(crate) fn new(account: &AccountData, activity: &Activity, catalog: &Catalog) -> Self {
        let mut unmatched: HashSet<&str> = HashSet::new();
        let mut by_identity: HashMap<EntityId, Vec<Used>> = HashMap::new();
        let mut regions = SharedTexts::default();
        let mut services = SharedTexts::default();
        for row in activity.rows() {
            let entity = identity_of(account, &row);
            let (service, action) = resolve(catalog, row.service, row.action);
            let Some(entity) = entity else {
                unmatched.extend(row.principal.unique_id.or(row.principal.arn));
                continue;
            };
            by_identity.entry(entity).or_default().push(Used {
                service: match service {
                    Some(id) => ServiceRef::Known(id),
                    None => ServiceRef::Unknown(services.get(row.service)),
                },
                action,
                evidence: row.action.evidence(),
                region: regions.get(row.region),
                attempts: Attempts {
                    first_millis: row.first_millis,
                    last_millis: row.last_millis,
                    days: row.days.clone(),
                    days_complete: row.days_complete,
                },
                count: row.attempts,
                denied: row.denied,
                last_event_id: row.last_event_id.into(),
            });
        }
        Self {
            by_identity,
            unmatched_principals: unmatched.len(),
        }
    }

    /// What an identity used.
    pub(crate) fn of(&self, identity: EntityId) -> impl Iterator<Item = &Used> {
        self.by_identity.get(&identity).into_iter().flatten()
    }

    /// The number of users and roles with activity.
    pub(crate) fn identities(&self) -> usize {
        self.by_identity.len()
    }

    /// The number of principals that are not users or roles of the account.
    pub(crate) fn unmatched_principals(&self) -> usize {
        self.unmatched_principals
    }
}

/// Texts that are stored once.
#[derive(Default)]
struct SharedTexts(HashSet<Arc<str>>);

impl SharedTexts {
    fn get(&mut self, text: &str) -> Arc<str> {
        self.0.get_or_insert_with(text, |text| text.into()).clone()
    }
}

/// The user or role that made a row's attempts. The unique id decides, so that an entity inherits
/// nothing from an earlier one with its name. Without a unique id the ARN decides, unless the entity
/// was created after the attempts.
fn identity_of(account: &AccountData, row: &ActivityRow<'_>) -> Option<EntityId> {
    let by_arn = || {
        let arn: IamArn = row.principal.arn?.parse().ok()?;
        account.named(&arn)
    };
    let entity = match row.principal.unique_id {
        Some(id) => account.by_unique_id(id)?,
        None => by_arn()?,
    };
    let detail = account.entity(entity)?;
    let is_earlier = row.principal.unique_id.is_none()
        && detail
            .created
            .is_some_and(|created| row.last_millis < created.timestamp_millis());
    (matches!(detail.kind, EntityKind::User | EntityKind::Role) && !is_earlier).then_some(entity)
}

/// The service and action of a row. The catalog may know more now than when the row was recorded.
fn resolve(
    catalog: &Catalog,
    namespace: &str,
    credited: CreditedAction<'_>,
) -> (Option<ServiceId>, Option<ActionId>) {
    let service = catalog.service_by_namespace(namespace);
    match credited {
        CreditedAction::Action(name)
        | CreditedAction::Exercised(name)
        | CreditedAction::Implied(name) => (
            service,
            service.and_then(|id| catalog.action_by_name(id, name)),
        ),
        CreditedAction::Event(name) => {
            let source = format!("{namespace}.amazonaws.com");
            let event = catalog.resolve_event(&source, name);
            // The action can belong to another service of the same event source: older activity has Session Manager's
            // channels under ssm.
            let service = service.filter(|_| event.action.is_none());
            (service.or(event.service), event.action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_may_know_more_than_older_activity() {
        let catalog = Catalog::embedded();
        let names = |namespace, credited| {
            let (service, action) = resolve(catalog, namespace, credited);
            let service = service.map(|id| catalog.service(id).namespace());
            (service, action.map(|id| catalog.action(id).name()))
        };
        let event = |name| CreditedAction::Event(name);
        assert_eq!(
            names("ssm", event("OpenControlChannel")),
            (Some("ssmmessages"), Some("OpenControlChannel"))
        );
        assert_eq!(
            names("migrationhub", event("ListMigrationTasks")),
            (Some("mgh"), Some("ListMigrationTasks"))
        );
        assert_eq!(names("ssm", event("NoSuchThing")), (Some("ssm"), None));
        assert_eq!(names("no-such-service", event("Do")), (None, None));
        assert_eq!(
            names("s3", CreditedAction::Action("GetObject")),
            (Some("s3"), Some("GetObject"))
        );
    }
}
