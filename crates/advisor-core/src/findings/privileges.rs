//! Actions with which an identity could get more permissions, or credentials: a reviewed list.
//!
//! What an action does is in the API reference of its service, and its access level in the Service Authorization Reference. The ways to
//! take over an account are those of Rhino Security Labs ("AWS IAM Privilege Escalation – Methods and Mitigation"), without what AWS has shut down, and the services
//! that run code under a role since then. Everything else is by access level.

use hashbrown::HashMap;
use service_catalog::{AccessLevel, ActionId, Catalog};

/// Why an action is a privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PrivilegeClass {
    /// It grants or changes permissions, by its access level.
    PermissionsManagement,
    /// It passes a role to a service, or makes a service run code under one.
    PassRole,
    /// It returns or sets credentials.
    CredentialExposure,
}

impl PrivilegeClass {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PermissionsManagement => "PermissionsManagement",
            Self::PassRole => "PassRole",
            Self::CredentialExposure => "CredentialExposure",
        }
    }
}

/// With each of these on all resources, an identity can give itself any permission, or become an identity that has it.
const TAKES_OVER: &[(&str, &[&str])] = &[(
    "iam",
    &[
        "AddUserToGroup",
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "CreateAccessKey",
        "CreateLoginProfile",
        "CreatePolicyVersion",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
        "SetDefaultPolicyVersion",
        "UpdateAssumeRolePolicy",
        "UpdateLoginProfile",
    ],
)];

/// They make a service run the caller's code, or calls that the caller chooses, under the role that is passed.
const RUNS_UNDER_ROLE: &[(&str, &[&str])] = &[
    ("apprunner", &["CreateService", "UpdateService"]),
    ("autoscaling", &["CreateLaunchConfiguration"]),
    ("batch", &["RegisterJobDefinition"]),
    (
        "bedrock-agentcore",
        &["CreateAgentRuntime", "CreateCodeInterpreter"],
    ),
    (
        "cloudformation",
        &[
            "CreateChangeSet",
            "CreateStack",
            "CreateStackSet",
            "UpdateStack",
        ],
    ),
    ("codebuild", &["CreateProject", "UpdateProject"]),
    ("codepipeline", &["CreatePipeline", "UpdatePipeline"]),
    ("datapipeline", &["CreatePipeline"]),
    (
        "ec2",
        &[
            "AssociateIamInstanceProfile",
            "RequestSpotInstances",
            "RunInstances",
        ],
    ),
    ("ecs", &["RegisterTaskDefinition", "RunTask", "StartTask"]),
    ("elasticmapreduce", &["RunJobFlow"]),
    ("glue", &["CreateDevEndpoint", "CreateJob", "UpdateJob"]),
    ("lambda", &["CreateFunction", "UpdateFunctionConfiguration"]),
    (
        "sagemaker",
        &[
            "CreateNotebookInstance",
            "CreateProcessingJob",
            "CreateTrainingJob",
        ],
    ),
    ("scheduler", &["CreateSchedule"]),
    ("ssm", &["StartAutomationExecution"]),
    ("states", &["CreateStateMachine", "UpdateStateMachine"]),
];

/// Their answers hold credentials or secrets, or they set a password.
const EXPOSES_CREDENTIALS: &[(&str, &[&str])] = &[
    ("codeartifact", &["GetAuthorizationToken"]),
    (
        "cognito-identity",
        &[
            "GetCredentialsForIdentity",
            "GetOpenIdTokenForDeveloperIdentity",
        ],
    ),
    ("connect", &["GetFederationToken"]),
    ("ec2", &["GetPasswordData"]),
    ("ecr", &["GetAuthorizationToken"]),
    ("ecr-public", &["GetAuthorizationToken"]),
    (
        "iam",
        &[
            "CreateAccessKey",
            "CreateLoginProfile",
            "CreateServiceSpecificCredential",
            "ResetServiceSpecificCredential",
            "UpdateLoginProfile",
        ],
    ),
    (
        "lightsail",
        &[
            "DownloadDefaultKeyPair",
            "GetInstanceAccessDetails",
            "GetRelationalDatabaseMasterUserPassword",
        ],
    ),
    (
        "redshift",
        &["GetClusterCredentials", "GetClusterCredentialsWithIAM"],
    ),
    ("redshift-serverless", &["GetCredentials"]),
    ("secretsmanager", &["BatchGetSecretValue", "GetSecretValue"]),
    (
        "ssm",
        &[
            "GetParameter",
            "GetParameterHistory",
            "GetParameters",
            "GetParametersByPath",
        ],
    ),
    ("sts", &["AssumeRole", "GetFederationToken"]),
];

/// The privileges of a catalog.
#[derive(Debug)]
pub(super) struct Privileges {
    classes: HashMap<ActionId, PrivilegeClass>,
    takes_over: Vec<ActionId>,
    pass_role: Option<ActionId>,
}

impl Privileges {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let mut classes: HashMap<ActionId, PrivilegeClass> = catalog
            .actions()
            .filter(|(_, action)| action.access_level() == AccessLevel::PermissionsManagement)
            .map(|(id, _)| (id, PrivilegeClass::PermissionsManagement))
            .collect();
        for (list, class) in [
            (RUNS_UNDER_ROLE, PrivilegeClass::PassRole),
            (EXPOSES_CREDENTIALS, PrivilegeClass::CredentialExposure),
        ] {
            classes.extend(listed(catalog, list).map(|action| (action, class)));
        }
        let iam = catalog.service_by_namespace("iam");
        let pass_role = iam.and_then(|iam| catalog.action_by_name(iam, "PassRole"));
        classes.extend(pass_role.map(|action| (action, PrivilegeClass::PassRole)));
        let mut takes_over: Vec<ActionId> = listed(catalog, TAKES_OVER).collect();
        takes_over.sort_unstable();
        Self {
            classes,
            takes_over,
            pass_role,
        }
    }

    /// Why an action is a privilege; `None` when it is not.
    pub(super) fn class_of(&self, action: ActionId) -> Option<PrivilegeClass> {
        self.classes.get(&action).copied()
    }

    /// Whether an action, on all resources, leads to any permission.
    pub(super) fn takes_over(&self, action: ActionId) -> bool {
        self.takes_over.binary_search(&action).is_ok()
    }

    /// `iam:PassRole`.
    pub(super) fn pass_role(&self) -> Option<ActionId> {
        self.pass_role
    }
}

fn listed<'a>(
    catalog: &'a Catalog,
    list: &'a [(&str, &[&str])],
) -> impl Iterator<Item = ActionId> + 'a {
    list.iter().flat_map(move |(namespace, names)| {
        let service = catalog.service_by_namespace(namespace);
        names
            .iter()
            .filter_map(move |name| catalog.action_by_name(service?, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_every_listed_action() {
        let catalog = Catalog::embedded();
        for list in [TAKES_OVER, RUNS_UNDER_ROLE, EXPOSES_CREDENTIALS] {
            for (namespace, names) in list {
                let service = catalog.service_by_namespace(namespace).unwrap();
                for name in *names {
                    let action = catalog.action_by_name(service, name);
                    assert!(action.is_some(), "{namespace}:{name}");
                }
            }
        }
    }
}
