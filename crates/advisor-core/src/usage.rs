//! Usage: the activity of each user and role of an account.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use iam_policy_parser::{IamArn, IamEntity};
use service_catalog::{ActionId, Catalog, ServiceId};
use smallvec::SmallVec;

use crate::account::{AccountData, EntityId, EntityKind};
use crate::activity::{Activity, ActivityRow, CreditedAction, Evidence};
use crate::principal::Principal;
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
        let former = FormerUsers::new(account, activity);
        for row in activity.rows() {
            let identities = identities_of(account, &former, &row);
            let (service, action) = resolve(catalog, row.service, row.action);
            if identities.is_empty() {
                unmatched.extend(row.principal.unique_id.or(row.principal.arn));
            }
            for (identity, before) in identities {
                let all = Attempts {
                    first_millis: row.first_millis,
                    last_millis: row.last_millis,
                    days: row.days.clone(),
                    days_complete: row.days_complete,
                };
                let is_all = before.is_none_or(|before| row.last_millis < before);
                by_identity.entry(identity).or_default().push(Used {
                    service: match service {
                        Some(id) => ServiceRef::Known(id),
                        None => ServiceRef::Unknown(services.get(row.service)),
                    },
                    action,
                    evidence: row.action.evidence(),
                    region: regions.get(row.region),
                    attempts: match before {
                        Some(before) if !is_all => all.before(before),
                        _ => all,
                    },
                    count: row.attempts,
                    denied: row.denied,
                    last_event_id: if is_all { row.last_event_id } else { "" }.into(),
                });
            }
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

/// Users by names that they had: the activity knows them by unique ids under names that are not theirs now.
#[derive(Default)]
struct FormerUsers(HashMap<UserName, SmallVec<[EntityId; 1]>>);

/// The account and the name of a user.
type UserName = (Box<str>, Box<str>);

impl FormerUsers {
    fn new(account: &AccountData, activity: &Activity) -> Self {
        let mut former = Self::default();
        for row in activity.rows() {
            let Principal { unique_id, arn, .. } = row.principal;
            let user = unique_id.and_then(|id| account.by_unique_id(id));
            let detail = user.and_then(|user| account.entity(user));
            let (Some(user), Some(detail), Some(arn)) = (user, detail, arn) else {
                continue;
            };
            if *detail.arn != *arn
                && let Some(name) = arn.parse().ok().as_ref().and_then(user_name)
            {
                let users = former.0.entry(name).or_default();
                if !users.contains(&user) {
                    users.push(user);
                }
            }
        }
        former
    }

    fn named(&self, arn: &IamArn) -> &[EntityId] {
        let users = user_name(arn).and_then(|name| self.0.get(&name));
        users.map_or(&[], |users| users)
    }
}

/// The user that an ARN names. Roles cannot be renamed.
fn user_name(arn: &IamArn) -> Option<UserName> {
    match arn.entity() {
        IamEntity::User { name, .. } => Some((arn.account().into(), name.clone())),
        _ => None,
    }
}

/// A user or role, and the instant before which attempts are its own, if there is one.
type Caller = (EntityId, Option<i64>);

/// The users or roles that may have made a row's attempts. The unique id decides, so that an entity inherits nothing from an
/// earlier one with its name. Without a unique id the ARN decides: it is that of the entity with this name since its creation, and
/// before that of the users that had the name; of any of them if the time of the creation is not known.
fn identities_of(
    account: &AccountData,
    former: &FormerUsers,
    row: &ActivityRow<'_>,
) -> SmallVec<[Caller; 1]> {
    let is_identity = |id: &EntityId| {
        let detail = account.entity(*id);
        detail.is_some_and(|detail| matches!(detail.kind, EntityKind::User | EntityKind::Role))
    };
    if let Some(id) = row.principal.unique_id {
        let known = account.by_unique_id(id).filter(is_identity);
        return known.map(|id| (id, None)).into_iter().collect();
    }
    let Some(arn) = row.principal.arn.and_then(|arn| arn.parse().ok()) else {
        return SmallVec::new();
    };
    let created = |id: EntityId| Some(account.entity(id)?.created?.timestamp_millis());
    let existed = |id: EntityId| created(id).is_none_or(|created| created <= row.last_millis);
    let named = account.named(&arn).filter(|id| existed(*id));
    let since = named.map(|id| created(id).unwrap_or(i64::MAX));
    let others = former.named(&arn).iter().copied();
    let others =
        others.filter(|id| existed(*id) && since.is_none_or(|since| row.first_millis < since));
    let named = named.filter(is_identity).map(|id| (id, None));
    named
        .into_iter()
        .chain(others.map(|id| (id, since)))
        .collect()
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

    #[test]
    fn a_user_is_known_by_a_name_that_it_had() {
        let user = |name: &str, created: &str| {
            serde_json::json!({
                "UserName": name, "UserId": format!("AIDA{name:0>17}"), "CreateDate": created,
                "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
            })
        };
        let users = [
            user("NEW", "2020-01-01T00:00:00Z"),
            user("AGAIN", "2026-01-01T00:00:00Z"),
        ];
        let export = serde_json::json!({ "UserDetailList": users }).to_string();
        let account = AccountData::from_export("inline", &export).unwrap();
        let mut activity = Activity::new();
        let mut attempt = |time_millis, unique_id: Option<&str>, name: &str, action: &str| {
            activity.record(&crate::activity::Attempt {
                principal: Principal {
                    unique_id,
                    arn: Some(&format!("arn:aws:iam::111122223333:user/{name}")),
                    account: None,
                },
                service: "ec2",
                action: CreditedAction::Action(action),
                region: "eu-west-1",
                time_millis,
                event_id: "e",
                denied: false,
            });
        };
        let (before, since) = (1_700_000_000_000, 1_780_000_000_000);
        attempt(
            before,
            Some("AIDA00000000000000NEW"),
            "team/AGAIN",
            "StopInstances",
        );
        // The user that has the name now was created later.
        attempt(before, None, "AGAIN", "RunInstances");
        attempt(before, None, "OTHER", "StartInstances");
        // Calls under the name before and after the creation.
        attempt(before, None, "AGAIN", "RebootInstances");
        attempt(since, None, "AGAIN", "RebootInstances");
        let usage = Usage::new(&account, &activity, Catalog::embedded());
        let id = |id| account.by_unique_id(id).unwrap();
        let last = |id: EntityId| usage.of(id).map(|used| used.attempts.last_millis).max();
        let (new, again) = (id("AIDA00000000000000NEW"), id("AIDA000000000000AGAIN"));
        assert_eq!((usage.of(new).count(), last(new)), (3, Some(before)));
        assert_eq!((usage.of(again).count(), last(again)), (1, Some(since)));
        assert_eq!(usage.unmatched_principals(), 1);
    }
}
