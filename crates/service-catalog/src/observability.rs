//! Whether the use of an action shows in CloudTrail.

use crate::catalog::Catalog;
use crate::event_reference::EventReference;
use crate::ids::ActionId;

/// How AWS's published files say that the use of an action is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observability<'c> {
    /// As a management event: AWS tracks its last access, its policy generation sees it, or its documentation says so. Trails
    /// log management events unless they are told not to.
    ManagementEvent,
    /// As a data event of these resource types, for instance `AWS::S3::Object`. Trails log none by default.
    DataEvent(&'c [Box<str>]),
    /// Some of its calls as management events, others as data events of these resource types, as `bedrock:InvokeModel` is.
    ManagementAndDataEvents(&'c [Box<str>]),
    /// No event is named after it: only calls of other operations exercise it, as `ec2:RunInstances` does `iam:PassRole`.
    OnlyImplied,
    /// No API operation of its service is named after it or known to exercise it.
    NoOperation,
    /// An API operation is named after it, or its service publishes no operations; AWS does not say whether it is logged.
    Unknown,
}

/// Actions that policy generation sees, although their calls may be data events: AWS names a resource type for data events of the
/// service, but not the operations, and these are no operations that manage something. Neither does AWS track them.
///
/// Source of the types: `CloudTrail` User Guide, "Logging data events", read on 2026-11-26.
const MAY_BE_DATA_EVENTS: [(&str, &[&str]); 8] = [
    ("appsync", &["GraphQL"]),
    ("dataexchange", &["GetAsset", "GetDataSet", "GetRevision"]),
    ("ecs", &["Poll"]),
    ("eks", &["AccessKubernetesApi"]),
    (
        "iottwinmaker",
        &["GetComponentType", "GetEntity", "GetWorkspace"],
    ),
    (
        "ssm",
        &[
            "GetCalendar",
            "GetManifest",
            "PutCalendar",
            "PutConfigurePackageResult",
        ],
    ),
    ("states", &["InvokeHTTPEndpoint"]),
    (
        "swf",
        &[
            "CancelTimer",
            "CancelWorkflowExecution",
            "CompleteWorkflowExecution",
            "ContinueAsNewWorkflowExecution",
            "FailWorkflowExecution",
            "RecordMarker",
            "RequestCancelActivityTask",
            "RequestCancelExternalWorkflowExecution",
            "ScheduleActivityTask",
            "SignalExternalWorkflowExecution",
            "StartChildWorkflowExecution",
            "StartTimer",
        ],
    ),
];

impl Catalog {
    /// How the use of an action is logged.
    ///
    /// ```
    /// use service_catalog::{Catalog, Observability};
    ///
    /// let catalog = Catalog::embedded();
    /// let action = |namespace, name| {
    ///     let service = catalog.service_by_namespace(namespace)?;
    ///     catalog.action_by_name(service, name)
    /// };
    /// let of = |namespace, name| action(namespace, name).map(|id| catalog.observability(id));
    /// assert_eq!(of("ec2", "RunInstances"), Some(Observability::ManagementEvent));
    /// assert_eq!(of("iam", "PassRole"), Some(Observability::OnlyImplied));
    /// ```
    #[must_use]
    pub fn observability(&self, id: ActionId) -> Observability<'_> {
        let action = self.action(id);
        let may_be_data = || {
            let namespace = self.service(action.service()).namespace();
            let of_service = MAY_BE_DATA_EVENTS.iter().find(|(it, _)| *it == namespace);
            of_service.is_some_and(|(_, names)| names.contains(&action.name()))
        };
        let is_management = action.is_tracked()
            || self.management_actions.contains(&id)
            || action.is_seen_by_policy_generation() && !may_be_data();
        match (is_management, self.data_resource_types.get(&id)) {
            (true, None) => return Observability::ManagementEvent,
            (true, Some(types)) => return Observability::ManagementAndDataEvents(types),
            (false, Some(types)) => return Observability::DataEvent(types),
            (false, None) => {}
        }
        if action.event_reference == EventReference::Named {
            Observability::Unknown
        } else if self.implied_anywhere.get(id.index()) == Some(&true) {
            Observability::OnlyImplied
        } else if action.event_reference == EventReference::Unnamed {
            Observability::NoOperation
        } else {
            Observability::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_logged_as_documented() {
        let catalog = Catalog::embedded();
        let of = |namespace, name| {
            let service = catalog.service_by_namespace(namespace).unwrap();
            let action = catalog.action_by_name(service, name).unwrap();
            catalog.observability(action)
        };
        let types = |namespace, name| match of(namespace, name) {
            Observability::DataEvent(types) => types.join(" "),
            other => panic!("{namespace} {name}: {other:?}"),
        };
        for (namespace, name) in [
            ("ec2", "RunInstances"),
            ("kms", "Decrypt"),
            ("s3", "GetBucketVersioning"),
            ("appsync", "CreateGraphqlApi"),
            ("dynamodb", "ListStreams"),
        ] {
            assert_eq!(
                of(namespace, name),
                Observability::ManagementEvent,
                "{name}"
            );
        }
        // Some of their calls are data events.
        for (namespace, name, data) in [
            (
                "bedrock",
                "InvokeModel",
                "AWS::Bedrock::AsyncInvoke AWS::Bedrock::Model",
            ),
            ("s3", "GetBucketPolicy", "AWS::S3::AccessPoint"),
        ] {
            let Observability::ManagementAndDataEvents(types) = of(namespace, name) else {
                panic!("{namespace}:{name}: {:?}", of(namespace, name));
            };
            assert_eq!(types.join(" "), data);
        }
        assert_eq!(types("lambda", "InvokeFunction"), "AWS::Lambda::Function");
        assert_eq!(
            types("s3", "GetObject"),
            "AWS::S3::AccessPoint AWS::S3::Object"
        );
        assert_eq!(types("sqs", "ListQueues"), "AWS::SQS::Queue");
        for name in [
            "PartiQLSelect",
            "PartiQLInsert",
            "PartiQLUpdate",
            "PartiQLDelete",
        ] {
            assert_eq!(types("dynamodb", name), "AWS::DynamoDB::Table");
        }
        assert_eq!(
            types("s3tables", "GetTableData"),
            "AWS::S3Tables::Table AWS::S3Tables::TableBucket"
        );
        for (namespace, name) in [
            ("iam", "PassRole"),
            ("s3", "GetObjectVersion"),
            ("s3", "DeleteObjectVersion"),
            ("kms", "ReEncryptTo"),
            ("sts", "TagSession"),
        ] {
            assert_eq!(of(namespace, name), Observability::OnlyImplied, "{name}");
        }
        assert_eq!(of("s3", "ReplicateObject"), Observability::NoOperation);
        assert_eq!(of("kinesis", "PutRecord"), Observability::Unknown);
        for (namespace, names) in MAY_BE_DATA_EVENTS {
            for name in names {
                let logged = of(namespace, name);
                assert_ne!(logged, Observability::ManagementEvent, "{namespace}:{name}");
            }
        }
        assert_eq!(of("appsync", "GraphQL"), Observability::Unknown);
    }

    #[test]
    fn policy_generation_sees_what_the_reference_says() {
        let catalog = Catalog::embedded();
        let seen = catalog
            .actions()
            .filter(|(_, action)| action.is_seen_by_policy_generation());
        assert_eq!(seen.count(), 10_929);
    }
}
