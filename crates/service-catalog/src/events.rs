//! Which action a CloudTrail event is.
//!
//! [`Catalog::event_source`](crate::Catalog::event_source) gives the services of an event source, the likeliest first: the one
//! whose namespace the event source is, then the others by namespace. The first of them that knows the event name decides. A
//! service knows the names of its actions, in any ASCII case, and the event names that the table gives an action to. A version
//! at the end of an event name (`CreateFunction20150331`, `GetFunction20150331v2`, `CreateDistribution2020_05_31`) is dropped
//! when the whole name is not known.

use crate::catalog::{Catalog, EventName};
use crate::ids::{ActionId, EventKindId, ServiceId};

/// What the catalog makes of a CloudTrail event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResolvedEvent {
    /// The service: the action's, or the likeliest one of the event source when no action is known. `None` when the event
    /// source belongs to no service.
    pub service: Option<ServiceId>,
    /// The action; `None` when none of the event source's services knows the event name.
    pub action: Option<ActionId>,
    /// The kind of event, when the catalog knows more about it: see [`Catalog::fields_needed`] and
    /// [`Catalog::implied_actions`].
    pub kind: Option<EventKindId>,
}

impl Catalog {
    /// The service and action behind a CloudTrail event, from its `eventSource` and `eventName`.
    ///
    /// An operation that needs several permissions resolves to the one it is mainly about: `CopyObject`, which reads one object
    /// and writes another, to `s3:PutObject`. The others are its implied actions. Where [`Catalog::fields_needed`] names fields
    /// of the record, [`Catalog::resolve_record`] can tell more.
    #[must_use]
    pub fn resolve_event(&self, event_source: &str, event_name: &str) -> ResolvedEvent {
        let services = self.services_of_source(event_source);
        let unversioned = without_version(event_name);
        let names = std::iter::once(event_name).chain(unversioned);
        for name in names {
            for service in services {
                if let Some(action) = self.action_of_event(*service, name) {
                    let resolved_service = Some(self.action(action).service());
                    return ResolvedEvent {
                        service: resolved_service,
                        action: Some(action),
                        kind: self.kind_of(*service, name),
                    };
                }
            }
        }
        ResolvedEvent {
            service: services.first().copied(),
            ..ResolvedEvent::default()
        }
    }

    /// The action behind an event name of one service, without looking for a version.
    pub(crate) fn action_of_event(&self, service: ServiceId, name: &str) -> Option<ActionId> {
        self.action_by_name(service, name).or_else(|| {
            let position = self
                .event_index
                .find(service, name, |at| self.event_name_at(at))?;
            self.event_names
                .get(position as usize)
                .map(|event| event.action)
        })
    }

    /// The event names that a service knows: those of its actions, and others. Records decide what some of them are credited to.
    pub fn event_names_of(&self, service: ServiceId) -> impl Iterator<Item = &str> {
        let actions = self.service(service).actions();
        let names = actions.map(|action| self.action(action).name());
        let others = self.own_event_names(service).iter();
        names.chain(others.map(|event| &*event.name))
    }

    /// What the catalog lists beside the names of actions.
    pub(crate) fn own_event_names(&self, service: ServiceId) -> &[EventName] {
        let range = self.service(service).event_names.clone();
        let range = range.start as usize..range.end as usize;
        self.event_names.get(range).unwrap_or_default()
    }

    /// The names of events that are credited to actions with other names.
    pub fn other_event_names(&self) -> impl Iterator<Item = (&str, ActionId)> {
        let all = self.credited_event_names();
        all.filter(|(name, action)| self.is_other_name(*action, name))
    }

    /// The names of events that are credited to this action, which has another name.
    pub fn other_event_names_of(&self, action: ActionId) -> impl Iterator<Item = &str> {
        let all = self.credited_event_names();
        let own = all.filter(move |(_, credited)| *credited == action);
        own.map(|(name, _)| name)
            .filter(move |name| self.is_other_name(action, name))
    }

    fn credited_event_names(&self) -> impl Iterator<Item = (&str, ActionId)> {
        let names = self.event_names.iter();
        let names = names.map(|event| (&*event.name, event.action));
        let kinds = self.event_kinds.iter().flat_map(|kind| {
            let alternatives = self.alternatives_of(kind).iter();
            alternatives.map(|alternative| (&*kind.name, alternative.action))
        });
        names.chain(kinds)
    }

    fn is_other_name(&self, action: ActionId, name: &str) -> bool {
        !self.action(action).name().eq_ignore_ascii_case(name)
    }

    /// The actions between which the records of their events decide.
    pub fn actions_decided_by_record(&self) -> impl Iterator<Item = ActionId> {
        let kinds = self.event_kinds.iter();
        kinds
            .filter(|kind| !kind.alternatives.is_empty())
            .flat_map(|kind| self.actions_of_kind(kind))
    }

    pub(crate) fn kind_name_at(&self, position: u32) -> Option<(ServiceId, &str)> {
        self.event_kinds
            .get(position as usize)
            .map(|kind| (kind.service, &*kind.name))
    }

    /// The kind of an event that this service knows by this name, in any ASCII case.
    pub(crate) fn kind_of(&self, service: ServiceId, name: &str) -> Option<EventKindId> {
        self.kind_index
            .find(service, name, |at| self.kind_name_at(at))
            .map(EventKindId)
    }
}

/// The name without an API version at its end (`20150331`, `20150331v2` or `2020_05_31`). `None` when it has none.
fn without_version(name: &str) -> Option<&str> {
    let unnumbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let before_revision = unnumbered
        .strip_suffix('v')
        .filter(|_| unnumbered.len() < name.len());
    without_date(before_revision.unwrap_or(name))
}

/// The name without a date of this century at its end.
fn without_date(name: &str) -> Option<&str> {
    ["20dddddd", "20dd_dd_dd"].into_iter().find_map(|shape| {
        let (rest, date) = name.split_at_checked(name.len().checked_sub(shape.len())?)?;
        let fits = date
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            });
        (fits && !rest.is_empty()).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn resolve(event_source: &str, event_name: &str) -> String {
        let catalog = Catalog::embedded();
        let resolved = catalog.resolve_event(event_source, event_name);
        let namespace = resolved
            .service
            .map_or("?", |id| catalog.service(id).namespace());
        let action = resolved.action.map_or("?", |id| catalog.action(id).name());
        format!("{namespace}:{action}")
    }

    #[test]
    fn well_known_events() {
        for (source, name, action) in [
            ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
            ("s3", "HeadObject", "s3:GetObject"),
            ("s3", "HeadBucket", "s3:ListBucket"),
            ("s3", "ListObjects", "s3:ListBucket"),
            ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
            ("s3", "CopyObject", "s3:PutObject"),
            ("s3", "UploadPart", "s3:PutObject"),
            ("s3", "CompleteMultipartUpload", "s3:PutObject"),
            ("s3", "DeleteObjects", "s3:DeleteObject"),
            ("s3", "GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
            (
                "s3",
                "DeleteBucketLifecycle",
                "s3:PutLifecycleConfiguration",
            ),
            (
                "s3",
                "DeleteBucketEncryption",
                "s3:PutEncryptionConfiguration",
            ),
            (
                "s3",
                "GetBucketReplication",
                "s3:GetReplicationConfiguration",
            ),
            ("s3", "DeleteBucketCors", "s3:PutBucketCORS"),
            ("s3", "PutBucketCors", "s3:PutBucketCORS"),
            ("s3", "ListParts", "s3:ListMultipartUploadParts"),
            ("s3express", "PutObject", "s3express:CreateSession"),
            ("s3-outposts", "HeadObject", "s3-outposts:GetObject"),
            ("lambda", "Invoke", "lambda:InvokeFunction"),
            ("kms", "ReEncrypt", "kms:ReEncryptFrom"),
            ("apigateway", "GetRestApis", "apigateway:GET"),
            ("apigateway", "CreateRestApi", "apigateway:POST"),
            ("bedrock", "Converse", "bedrock:InvokeModel"),
            ("bedrock-runtime", "InvokeModel", "bedrock:InvokeModel"),
            ("dynamodb", "ExecuteStatement", "dynamodb:PartiQLSelect"),
            ("es", "CreateDomain", "es:CreateDomain"),
            ("opensearch", "CreateDomain", "es:CreateDomain"),
            ("monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
            (
                "servicecatalog-appregistry",
                "ListApplications",
                "servicecatalog:ListApplications",
            ),
            (
                "autoscaling",
                "RegisterScalableTarget",
                "application-autoscaling:RegisterScalableTarget",
            ),
            (
                "autoscaling",
                "PutScalingPolicy",
                "autoscaling:PutScalingPolicy",
            ),
            ("email", "SendEmail", "ses:SendEmail"),
            ("tagging", "GetResources", "tag:GetResources"),
            (
                "rdsdataapi",
                "ExecuteStatement",
                "rds-data:ExecuteStatement",
            ),
            (
                "cloudcontrolapi",
                "CreateResource",
                "cloudformation:CreateResource",
            ),
            (
                "autoscaling",
                "CreateScalingPlan",
                "autoscaling-plans:CreateScalingPlan",
            ),
            ("ds", "CreateUser", "ds-data:CreateUser"),
            ("ds", "CreateDirectory", "ds:CreateDirectory"),
            ("backup", "StartSearchJob", "backup-search:StartSearchJob"),
            (
                "ssm",
                "OpenControlChannel",
                "ssmmessages:OpenControlChannel",
            ),
            (
                "migrationhub",
                "ListMigrationTasks",
                "mgh:ListMigrationTasks",
            ),
            ("pricelist", "GetProducts", "pricing:GetProducts"),
            (
                "transcribestreaming",
                "StartStreamTranscription",
                "transcribe:StartStreamTranscription",
            ),
            ("s3tables", "HeadObject", "s3tables:GetTableData"),
            ("s3tables", "UploadPart", "s3tables:PutTableData"),
            (
                "s3-object-lambda",
                "CopyObject",
                "s3-object-lambda:PutObject",
            ),
            (
                "edgekeyvaluestore",
                "PutKeys",
                "cloudfront-keyvaluestore:PutKey",
            ),
            ("billingconsole", "CloseAccount", "account:CloseAccount"),
            ("ec2", "RunInstances", "ec2:RunInstances"),
            ("iam", "runinstances", "iam:?"),
            ("sts", "assumerole", "sts:AssumeRole"),
        ] {
            assert_eq!(
                resolve(&format!("{source}.amazonaws.com"), name),
                action,
                "{source} {name}"
            );
        }
    }

    #[test]
    fn versions_are_dropped_only_when_the_whole_name_is_unknown() {
        for (source, name, action) in [
            ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
            ("lambda", "GetFunction20150331v2", "lambda:GetFunction"),
            ("lambda", "TagResource20170331v2", "lambda:TagResource"),
            (
                "cloudfront",
                "CreateDistribution2020_05_31",
                "cloudfront:CreateDistribution",
            ),
            (
                "cloudfront",
                "CreateDistributionWithTags2020_05_31",
                "cloudfront:CreateDistribution",
            ),
            ("s3", "ListObjectsV2", "s3:ListBucket"),
            ("lambda", "CreateFunction2015", "lambda:?"),
            ("lambda", "20150331", "lambda:?"),
            ("lambda", "Né20150331v", "lambda:?"),
        ] {
            assert_eq!(
                resolve(&format!("{source}.amazonaws.com"), name),
                action,
                "{source} {name}"
            );
        }
    }

    #[test]
    fn an_event_source_names_a_service_or_nothing() {
        assert_eq!(resolve("s3.amazonaws.com.cn", "GetObject"), "s3:GetObject");
        assert_eq!(resolve("s3.amazonaws.com", "NoSuchThing"), "s3:?");
        for nobody in [
            "",
            "s3",
            ".amazonaws.com",
            "no-such-thing.amazonaws.com",
            "s3.example.com",
        ] {
            assert_eq!(resolve(nobody, "GetObject"), "?:?", "{nobody}");
        }
    }

    #[test]
    fn few_events_mean_different_actions_to_two_services() {
        let catalog = Catalog::embedded();
        let mut ambiguous = BTreeSet::new();
        for (source, services) in &catalog.services_by_source {
            let mut meanings: BTreeMap<String, BTreeSet<ActionId>> = BTreeMap::new();
            for id in services {
                let service = catalog.service(*id);
                let actions = service
                    .actions()
                    .map(|action| (catalog.action(action).name(), action));
                let events = &catalog.event_names
                    [service.event_names.start as usize..service.event_names.end as usize];
                let events = events.iter().map(|event| (&*event.name, event.action));
                for (name, action) in actions.chain(events) {
                    meanings
                        .entry(name.to_ascii_lowercase())
                        .or_default()
                        .insert(action);
                }
            }
            meanings.retain(|_, actions| actions.len() > 1);
            ambiguous.extend(meanings.into_keys().map(|name| format!("{source} {name}")));
        }
        let expected = [
            "autoscaling deletescheduledaction",
            "autoscaling describescalingactivities",
            "autoscaling describescheduledactions",
            "autoscaling getpredictivescalingforecast",
            "autoscaling putscalingpolicy",
            "backup tagresource",
            "backup untagresource",
        ];
        assert_eq!(
            ambiguous.iter().map(String::as_str).collect::<Vec<_>>(),
            expected
        );
    }
}
