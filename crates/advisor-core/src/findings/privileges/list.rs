//! The reviewed list of actions that can lead to more permissions or to credentials: what each gives, and where that is described.
//!
//! Reviewed on 2026-11-27 against the lists of Rhino Security Labs, Prowler, Cloudsplaining and pathfinding.cloud. Left out of these:
//! what the caller needs no permission for (`sts:AssumeRoleWithSAML`, `sts:AssumeRoleWithWebIdentity`), what AWS's service reference
//! does not list (`sso:GetRoleCredentials`),
//! what gives the caller nothing new (`sts:GetSessionToken`, `iam:UpdateAccessKey`, `cognito-idp:GetSigningCertificate`), and
//! actions that only help one that is listed (`lambda:InvokeFunction`, `glue:StartJobRun`).

use std::fmt;

use super::class::PrivilegeClass;

/// An action of the list: what it gives, in words that follow "which", and where that is described.
pub(super) type Listed = (&'static str, &'static str, Source);

/// Where a way to more permissions or to credentials is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A path of pathfinding.cloud (Datadog).
    Path(&'static str),
    /// A method of "AWS IAM Privilege Escalation Methods" (Rhino Security Labs), by its number.
    Rhino(u8),
    /// Cloudsplaining's list of actions that return credentials.
    Cloudsplaining,
    /// The page of the action in the API reference of this service.
    Api(&'static str),
    /// AWS's Service Authorization Reference.
    ServiceAuthorization,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(id) => write!(f, "https://pathfinding.cloud/paths/{id}"),
            Self::Rhino(method) => write!(
                f,
                "Rhino Security Labs, AWS IAM Privilege Escalation Methods, {method}"
            ),
            Self::Cloudsplaining => {
                f.write_str("Cloudsplaining, actions that return credentials")
            }
            Self::Api(service) => write!(f, "{service} API Reference"),
            Self::ServiceAuthorization => f.write_str("AWS Service Authorization Reference"),
        }
    }
}

use Source::{Api, Cloudsplaining, Path, Rhino, ServiceAuthorization};

/// The lists by class, and whether each action by itself leads to any permission when it is granted on all resources.
pub(super) const LISTS: [(PrivilegeClass, bool, &[Listed]); 6] = [
    (PrivilegeClass::PermissionsManagement, true, GIVES_ANY_PERMISSION),
    (PrivilegeClass::CredentialExposure, true, MAKES_CREDENTIALS),
    (PrivilegeClass::PermissionsManagement, false, GIVES_PERMISSIONS),
    (PrivilegeClass::PassRole, false, USES_PASSED_ROLE),
    (PrivilegeClass::ExistingRole, false, USES_EXISTING_ROLE),
    (PrivilegeClass::CredentialExposure, false, EXPOSES_CREDENTIALS),
];

/// The caller writes its own permissions, or becomes an identity that has them.
const GIVES_ANY_PERMISSION: &[Listed] = &[
    ("iam:AddUserToGroup", "adds the caller to any group", Path("iam-013")),
    ("iam:AttachGroupPolicy", "attaches any policy to a group of the caller", Path("iam-010")),
    ("iam:AttachRolePolicy", "attaches any policy to a role of the caller", Path("iam-009")),
    ("iam:AttachUserPolicy", "attaches any policy to the caller", Path("iam-008")),
    ("iam:CreatePolicyVersion", "rewrites a policy of the caller", Path("iam-001")),
    ("iam:PutGroupPolicy", "writes a policy of a group of the caller", Path("iam-011")),
    ("iam:PutRolePolicy", "writes a policy of a role of the caller", Path("iam-005")),
    ("iam:PutUserPolicy", "writes a policy of the caller", Path("iam-007")),
    ("iam:SetDefaultPolicyVersion", "brings back any version of a policy of the caller", Rhino(2)),
    ("iam:UpdateAssumeRolePolicy", "lets the caller assume any role", Path("iam-012")),
];

/// The caller becomes a user that has them.
const MAKES_CREDENTIALS: &[Listed] = &[
    ("iam:CreateAccessKey", "makes an access key of any user", Path("iam-002")),
    ("iam:CreateLoginProfile", "sets the first console password of any user", Path("iam-004")),
    ("iam:UpdateLoginProfile", "changes the console password of any user", Path("iam-006")),
];

/// They give permissions, but of some kind only, or need something else too.
const GIVES_PERMISSIONS: &[Listed] = &[
    ("eks:AssociateAccessPolicy", "makes the caller an administrator of a cluster, whose pods have roles", Api("Amazon EKS")),
    ("eks:CreateAccessEntry", "adds the caller to any group of a cluster, whose pods have roles", Api("Amazon EKS")),
    ("eks:UpdateAccessEntry", "adds the caller to any group of a cluster, whose pods have roles", Api("Amazon EKS")),
    ("iam:UpdateSAMLProvider", "replaces the keys of an identity provider that roles trust", Api("IAM")),
    ("identitystore:CreateGroupMembership", "adds a user of IAM Identity Center to any group", Api("Identity Store")),
    ("rolesanywhere:CreateTrustAnchor", "trusts certificates of the caller for roles of IAM Roles Anywhere", Api("IAM Roles Anywhere")),
    ("rolesanywhere:UpdateTrustAnchor", "trusts certificates of the caller for roles of IAM Roles Anywhere", Api("IAM Roles Anywhere")),
    ("sso:AttachCustomerManagedPolicyReferenceToPermissionSet", "adds policies to a permission set of the caller", Api("IAM Identity Center")),
    ("sso:AttachManagedPolicyToPermissionSet", "adds policies to a permission set of the caller", Api("IAM Identity Center")),
    ("sso:CreateAccountAssignment", "gives the caller any permission set in any account", Api("IAM Identity Center")),
    ("sso:PutInlinePolicyToPermissionSet", "writes the policy of a permission set of the caller", Api("IAM Identity Center")),
    ("sso-directory:AddMemberToGroup", "adds a user of IAM Identity Center to any group", ServiceAuthorization),
];

/// They make a service run the caller's code, or calls that the caller chooses, under the role that is passed.
const USES_PASSED_ROLE: &[Listed] = &[
    ("amplify:CreateApp", "builds an app with the caller's commands under the role", Api("AWS Amplify")),
    ("apprunner:CreateService", "runs the caller's container under the role", Path("apprunner-001")),
    ("autoscaling:CreateAutoScalingGroup", "starts instances with the caller's script under the role", Api("Amazon EC2 Auto Scaling")),
    ("autoscaling:CreateLaunchConfiguration", "has instances start with the caller's script under the role", Api("Amazon EC2 Auto Scaling")),
    ("autoscaling:UpdateAutoScalingGroup", "starts instances with the caller's script under the role", Api("Amazon EC2 Auto Scaling")),
    ("batch:CreateComputeEnvironment", "runs jobs on instances under the role", Path("batch-003")),
    ("batch:RegisterJobDefinition", "runs the caller's container under the role", Path("batch-001")),
    ("bedrock-agentcore:CreateAgentRuntime", "runs the caller's agent under the role", Path("bedrock-003")),
    ("bedrock-agentcore:CreateBrowser", "runs a browser that can reach the credentials of the role", Path("bedrock-006")),
    ("bedrock-agentcore:CreateCodeInterpreter", "runs the caller's code under the role", Path("bedrock-001")),
    ("bedrock-agentcore:CreateHarness", "runs the caller's agent under the role", Path("bedrock-005")),
    ("braket:CreateJob", "runs the caller's code under the role", Path("braket-001")),
    ("cloudformation:CreateChangeSet", "creates the caller's resources under the role", Api("AWS CloudFormation")),
    ("cloudformation:CreateStack", "creates the caller's resources under the role", Path("cloudformation-001")),
    ("cloudformation:CreateStackSet", "creates the caller's resources under the role", Path("cloudformation-003")),
    ("cloudformation:UpdateStackSet", "creates the caller's resources under the role", Path("cloudformation-004")),
    ("codebuild:CreateProject", "runs the caller's build commands under the role", Path("codebuild-001")),
    ("codepipeline:CreatePipeline", "runs the caller's pipeline under the role", Api("AWS CodePipeline")),
    ("codepipeline:UpdatePipeline", "runs the caller's pipeline under the role", Api("AWS CodePipeline")),
    ("cognito-identity:SetIdentityPoolRoles", "gives the role to users of an identity pool", Path("cognitoidentity-001")),
    ("datapipeline:CreatePipeline", "runs the caller's commands under the role", Path("datapipeline-001")),
    ("datapipeline:PutPipelineDefinition", "runs the caller's commands under the role", Path("datapipeline-001")),
    ("ec2:AssociateIamInstanceProfile", "gives the role to an instance that the caller can log in to", Api("Amazon EC2")),
    ("ec2:ReplaceIamInstanceProfileAssociation", "gives the role to an instance that the caller can log in to", Api("Amazon EC2")),
    ("ec2:RequestSpotFleet", "starts instances with the caller's script under the role", Api("Amazon EC2")),
    ("ec2:RequestSpotInstances", "starts an instance with the caller's script under the role", Path("ec2-003")),
    ("ec2:RunInstances", "starts an instance with the caller's script under the role", Path("ec2-001")),
    ("ecs:CreateService", "runs the caller's container under the role", Path("ecs-003")),
    ("ecs:RegisterTaskDefinition", "runs the caller's container under the role", Path("ecs-004")),
    ("ecs:RunTask", "runs a container with the caller's command under the role", Path("ecs-004")),
    ("ecs:StartTask", "runs a container with the caller's command under the role", Path("ecs-005")),
    ("elasticmapreduce:RunJobFlow", "runs the caller's steps under the role", Path("emr-001")),
    ("emr-containers:StartJobRun", "runs the caller's job under the role", Api("Amazon EMR on EKS")),
    ("emr-serverless:StartJobRun", "runs the caller's job under the role", Path("emrserverless-001")),
    ("gamelift:CreateFleet", "runs the caller's game server under the role", Path("gamelift-001")),
    ("glue:CreateDevEndpoint", "starts a host under the role that the caller can log in to", Path("glue-001")),
    ("glue:CreateJob", "runs the caller's script under the role", Path("glue-003")),
    ("glue:CreateSession", "runs the caller's statements under the role", Path("glue-007")),
    ("glue:UpdateJob", "runs the caller's script under the role", Path("glue-005")),
    ("iam:PassRole", "hands a role to a service, which acts with its permissions", Rhino(3)),
    ("imagebuilder:CreateInfrastructureConfiguration", "runs the caller's build commands under the role", Path("imagebuilder-001")),
    ("kinesisanalytics:CreateApplication", "runs the caller's application under the role", Path("kinesisanalytics-001")),
    ("lambda:CreateFunction", "runs the caller's function under the role", Path("lambda-001")),
    ("omics:StartRun", "runs the caller's workflow under the role", Path("omics-001")),
    ("rolesanywhere:CreateProfile", "gives the role to holders of certificates", Api("IAM Roles Anywhere")),
    ("rolesanywhere:UpdateProfile", "gives the role to holders of certificates", Api("IAM Roles Anywhere")),
    ("sagemaker:CreateNotebookInstance", "starts a notebook of the caller under the role", Path("sagemaker-001")),
    ("sagemaker:CreateProcessingJob", "runs the caller's container under the role", Path("sagemaker-003")),
    ("sagemaker:CreateTrainingJob", "runs the caller's container under the role", Path("sagemaker-002")),
    ("scheduler:CreateSchedule", "makes calls that the caller chooses under the role", Api("Amazon EventBridge Scheduler")),
    ("scheduler:UpdateSchedule", "makes calls that the caller chooses under the role", Api("Amazon EventBridge Scheduler")),
    ("ssm:StartAutomationExecution", "makes calls that the caller chooses under the role", Path("ssm-003")),
    ("states:CreateStateMachine", "makes calls that the caller chooses under the role", Api("AWS Step Functions")),
    ("states:TestState", "makes a call that the caller chooses under the role", Api("AWS Step Functions")),
];

/// They run the caller's code, or log the caller in, where a role is attached already: nothing is passed.
const USES_EXISTING_ROLE: &[Listed] = &[
    ("apprunner:UpdateService", "runs another command under the role of a service", Path("apprunner-002")),
    ("batch:SubmitJob", "runs another command under the role of a job definition", Path("batch-002")),
    ("bedrock-agentcore:ConnectBrowserAutomationStream", "controls a browser that can reach the credentials of its role", Path("bedrock-007")),
    ("bedrock-agentcore:InvokeAgentRuntimeCommand", "runs commands under the role of an agent", Path("bedrock-004")),
    ("bedrock-agentcore:InvokeCodeInterpreter", "runs code under the role of a code interpreter", Path("bedrock-002")),
    ("cloudformation:CreateStackInstances", "creates the resources of a stack set under its roles", Path("cloudformation-003")),
    ("cloudformation:ExecuteChangeSet", "changes a stack under its role", Path("cloudformation-005")),
    ("cloudformation:UpdateStack", "changes a stack under its role", Path("cloudformation-002")),
    ("codebuild:StartBuild", "runs other build commands under the role of a project", Path("codebuild-002")),
    ("codebuild:StartBuildBatch", "runs other build commands under the role of a project", Path("codebuild-003")),
    ("codebuild:UpdateProject", "changes the build commands that run under the role of a project", Api("AWS CodeBuild")),
    ("codedeploy:CreateDeployment", "runs scripts on instances that have a role", Path("codedeploy-001")),
    ("ec2:CreateLaunchTemplateVersion", "changes the start-up script of instances that have a role", Path("ec2-004")),
    ("ec2:ModifyInstanceAttribute", "changes the start-up script of an instance that has a role", Path("ec2-002")),
    ("ec2-instance-connect:SendSSHPublicKey", "logs the caller in to an instance that has a role", Api("EC2 Instance Connect")),
    ("ec2-instance-connect:SendSerialConsoleSSHPublicKey", "gives the caller the serial console of an instance that has a role", Api("EC2 Instance Connect")),
    ("ecs:ExecuteCommand", "runs commands in a container that has a role", Path("ecs-006")),
    ("elasticmapreduce:AddJobFlowSteps", "runs steps under the role of a cluster", Api("Amazon EMR")),
    ("glue:RunStatement", "runs statements under the role of a session", Api("AWS Glue")),
    ("glue:UpdateDevEndpoint", "logs the caller in to a host that has a role", Path("glue-002")),
    ("lambda:UpdateFunctionCode", "replaces the code that runs under the role of a function", Path("lambda-003")),
    ("lambda:UpdateFunctionConfiguration", "adds code that runs under the role of a function, as a layer", Api("AWS Lambda")),
    ("sagemaker:CreatePresignedDomainUrl", "opens the notebooks of a user profile that has a role", Api("Amazon SageMaker")),
    ("sagemaker:CreatePresignedNotebookInstanceUrl", "opens a notebook that has a role", Path("sagemaker-004")),
    ("sagemaker:UpdateNotebookInstance", "changes the start-up script of a notebook that has a role", Path("sagemaker-005")),
    ("sagemaker:UpdateNotebookInstanceLifecycleConfig", "changes the start-up script of notebooks that have a role", Api("Amazon SageMaker")),
    ("ssm:CreateAssociation", "runs commands on instances that have a role", Api("AWS Systems Manager")),
    ("ssm:SendCommand", "runs commands on instances that have a role", Path("ssm-002")),
    ("ssm:StartSession", "logs the caller in to an instance that has a role", Path("ssm-001")),
    ("states:UpdateStateMachine", "changes the calls that a state machine makes under its role", Api("AWS Step Functions")),
];

/// Their answers hold credentials or secrets, they set a password or a key, or they log the caller in.
const EXPOSES_CREDENTIALS: &[Listed] = &[
    ("airflow:CreateCliToken", "returns a token for the command line of Apache Airflow", Cloudsplaining),
    ("airflow:CreateWebLoginToken", "returns a token for the console of Apache Airflow", Cloudsplaining),
    ("appsync:CreateApiKey", "returns a key of an API", Cloudsplaining),
    ("bedrock-agentcore:GetResourceApiKey", "returns a key of another service", Api("Amazon Bedrock AgentCore")),
    ("bedrock-agentcore:GetResourceOauth2Token", "returns a token for another service", Api("Amazon Bedrock AgentCore")),
    ("chime:CreateApiKey", "returns a key of an API", Cloudsplaining),
    ("cloud9:CreateEnvironmentToken", "returns a token for an environment", Cloudsplaining),
    ("codeartifact:GetAuthorizationToken", "returns a token for packages", Cloudsplaining),
    ("codepipeline:PollForJobs", "returns credentials for the artifacts of a pipeline", Cloudsplaining),
    ("cognito-identity:GetCredentialsForIdentity", "returns credentials of a role", Cloudsplaining),
    ("cognito-identity:GetOpenIdToken", "returns a token with which a role can be assumed", Cloudsplaining),
    ("cognito-identity:GetOpenIdTokenForDeveloperIdentity", "returns a token with which a role can be assumed", Cloudsplaining),
    ("cognito-idp:AdminSetUserPassword", "sets the password of any user of a user pool", Api("Amazon Cognito User Pools")),
    ("connect:GetFederationToken", "returns a token for an instance", Cloudsplaining),
    ("datazone:GetEnvironmentCredentials", "returns credentials of the role of an environment", Api("Amazon DataZone")),
    ("deadline:AssumeFleetRoleForWorker", "returns credentials of the role of a fleet", Api("AWS Deadline Cloud")),
    ("deadline:AssumeQueueRoleForUser", "returns credentials of the role of a queue", Api("AWS Deadline Cloud")),
    ("deadline:AssumeQueueRoleForWorker", "returns credentials of the role of a queue", Api("AWS Deadline Cloud")),
    ("dsql:DbConnectAdmin", "logs the caller in to a database as its administrator", ServiceAuthorization),
    ("ec2:GetPasswordData", "returns the administrator's password of an instance, encrypted", Cloudsplaining),
    ("ecr:GetAuthorizationToken", "returns a token for a registry", Cloudsplaining),
    ("ecr-public:GetAuthorizationToken", "returns a token for a registry", Cloudsplaining),
    ("elasticmapreduce:GetClusterSessionCredentials", "returns credentials for a cluster", Api("Amazon EMR")),
    ("emr-containers:GetManagedEndpointSessionCredentials", "returns a token for an endpoint", Cloudsplaining),
    ("events:RetrieveConnectionCredentials", "returns the credentials of a connection", ServiceAuthorization),
    ("finspace-api:GetProgrammaticAccessCredentials", "returns credentials for an environment", Cloudsplaining),
    ("gamelift:GetComputeAccess", "returns credentials for an instance", Cloudsplaining),
    ("gamelift:GetComputeAuthToken", "returns a token for an instance", Cloudsplaining),
    ("gamelift:GetInstanceAccess", "returns a key to log in to an instance", Cloudsplaining),
    ("gamelift:RequestUploadCredentials", "returns credentials to upload a game server", Cloudsplaining),
    ("grafana:CreateWorkspaceApiKey", "returns a key of a workspace", Cloudsplaining),
    ("grafana:CreateWorkspaceServiceAccountToken", "returns a token for a workspace", Api("Amazon Managed Grafana")),
    ("iam:CreateServiceSpecificCredential", "makes credentials of any user for one service", Cloudsplaining),
    ("iam:ResetServiceSpecificCredential", "resets credentials of any user for one service", Cloudsplaining),
    ("iam:UploadSSHPublicKey", "sets a key of any user for CodeCommit", Api("IAM")),
    ("license-manager:GetAccessToken", "returns a token for licenses", Cloudsplaining),
    ("lightsail:CreateBucketAccessKey", "returns an access key of a bucket", Cloudsplaining),
    ("lightsail:DownloadDefaultKeyPair", "returns a key to log in to instances", Cloudsplaining),
    ("lightsail:GetInstanceAccessDetails", "returns a key or password to log in to an instance", Cloudsplaining),
    ("lightsail:GetRelationalDatabaseMasterUserPassword", "returns the password of a database", Cloudsplaining),
    ("mediapackage:RotateChannelCredentials", "returns new credentials of a channel", Cloudsplaining),
    ("mediapackage:RotateIngestEndpointCredentials", "returns new credentials of an endpoint", Cloudsplaining),
    ("rds-db:connect", "logs the caller in to a database", Cloudsplaining),
    ("redshift:GetClusterCredentials", "returns a password of a database", Cloudsplaining),
    ("redshift:GetClusterCredentialsWithIAM", "returns a password of a database", Cloudsplaining),
    ("redshift-serverless:GetCredentials", "returns a password of a database", Cloudsplaining),
    ("secretsmanager:BatchGetSecretValue", "returns secrets", Api("AWS Secrets Manager")),
    ("secretsmanager:GetSecretValue", "returns a secret", Api("AWS Secrets Manager")),
    ("ssm:GetAccessToken", "returns credentials to log in to an instance", Api("AWS Systems Manager")),
    ("ssm:GetParameter", "returns a parameter, which may be a secret", Api("AWS Systems Manager")),
    ("ssm:GetParameterHistory", "returns parameters, which may be secrets", Api("AWS Systems Manager")),
    ("ssm:GetParameters", "returns parameters, which may be secrets", Api("AWS Systems Manager")),
    ("ssm:GetParametersByPath", "returns parameters, which may be secrets", Api("AWS Systems Manager")),
    ("sso-directory:UpdatePassword", "sets the password of any user of IAM Identity Center", ServiceAuthorization),
    ("sts:AssumeRole", "returns credentials of a role that trusts the caller", Path("sts-001")),
    ("sts:AssumeRoot", "returns credentials of the root user of a member account", Api("AWS STS")),
    ("sts:GetFederationToken", "returns credentials that outlive the caller's", Cloudsplaining),
    ("transfer:ImportSshPublicKey", "sets a key of any user of a server, who has a role", Api("AWS Transfer Family")),
];
