"""The userIdentity of each principal in the trail."""

from .entities import GUSTAV_ID, OLD_DENIZ_ID, ROLES, ROLE_ID, SSO_ADMIN, USERS, USER_ID
from .ids import ACCOUNT, access_key, iam_arn


def as_user(name, unique=None, account=ACCOUNT, path=None):
    return {
        "type": "IAMUser",
        "principalId": unique or USER_ID[name],
        "arn": iam_arn("user", name, USERS.get(name, "/") if path is None else path, account),
        "accountId": account,
        "accessKeyId": access_key("AKIA", name + (unique or "")),
        "userName": name,
    }


def as_console_user(name):
    """A user in the console: temporary key, session attributes, no issuer."""
    out = as_user(name)
    out["accessKeyId"] = access_key("ASIA", name)
    out["sessionContext"] = {"attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "true"}}
    return out


def as_role(name, session, **context):
    """A session of a role. The session's ARN has no path, the role's ARN has."""
    return {
        "type": "AssumedRole",
        "principalId": f"{ROLE_ID[name]}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": access_key("ASIA", name + session),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": ROLE_ID[name], "arn": iam_arn("role", name, ROLES[name]), "accountId": ACCOUNT, "userName": name},
            **context,
            "attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "false"},
        },
    }


def as_federated(name, label):
    """A session of GetFederationToken: it counts for the user who issued it."""
    return {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:{label}",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/{label}",
        "accountId": ACCOUNT,
        "accessKeyId": access_key("ASIA", label),
        "sessionContext": {
            "sessionIssuer": {"type": "IAMUser", "principalId": USER_ID[name], "arn": iam_arn("user", name, USERS[name]), "accountId": ACCOUNT, "userName": name},
            "attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "false"},
        },
    }


def as_other_account(principal, account):
    """A caller of another account, as recorded in the called account: by id only."""
    return {"type": "AWSAccount", "principalId": principal, "accountId": account}


def as_service(host):
    return {"type": "AWSService", "invokedBy": host}


ROOT = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
    "accessKeyId": access_key("ASIA", "root"),
    "sessionContext": {"attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "true"}},
}
ANONYMOUS = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
GITHUB_RUN = {
    "type": "WebIdentityUser",
    "principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:larkfield/storefront:ref:refs/heads/main",
    "userName": "repo:larkfield/storefront:ref:refs/heads/main",
    "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
}
SAML_SIGN_IN = {
    "type": "SAMLUser",
    "principalId": "Zm9yIHRoaXMgcHJvamVjdA==:ada@larkfield.example",
    "userName": "ada@larkfield.example",
    "identityProvider": "Zm9yIHRoaXMgcHJvamVjdA==",
}
IDENTITY_CENTER = {
    "type": "IdentityCenterUser",
    "accountId": ACCOUNT,
    "onBehalfOf": {"userId": "7f1d2c3b-90a1-4e5f-8b6c-1a2b3c4d5e6f", "identityStoreArn": f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-9367f1c2ab"},
    "credentialId": "kXq0b1n5T2v8c4Zy7mWd",
}
UNKNOWN = {"type": "Unknown", "principalId": "", "accountId": ACCOUNT, "userName": ""}
# the userIdentity of records without a type
TYPELESS = {"accountId": ACCOUNT, "invokedBy": "cloudformation.amazonaws.com"}

ADA, BRUNO, CHIARA, DENIZ, ERIN = (as_user(n) for n in ("ada", "bruno", "chiara", "deniz", "erin"))
ADA_CONSOLE = as_console_user("ada")
CI, BACKUP, FLORA = (as_user(n) for n in ("ci-deployer", "legacy-backup", "flora"))
OLD_DENIZ = as_user("deniz", OLD_DENIZ_ID)
GUSTAV = as_user("gustav", GUSTAV_ID, path="/engineering/")
PIPELINE = as_role("pipeline-runner", "GlueJobRunnerSession")
DEPLOY = as_role(
    "github-actions-deploy",
    "storefront-run-8841",
    webIdFederationData={"federatedProvider": GITHUB_RUN["identityProvider"], "attributes": {}},
)
INTAKE = as_role("order-intake", "order-intake")
SSO_ONE = as_role(SSO_ADMIN, "ada@larkfield.example")
SSO_TWO = as_role(SSO_ADMIN, "bruno@larkfield.example")
AUDITOR = as_role("OrganizationAuditor", "ines")
CONFIG = {**as_role("AWSServiceRoleForConfig", "AWSConfig-Describe"), "invokedBy": "config.amazonaws.com"}
FIREWALL = as_role("edge-firewall", "i-0c4f7d2e9b1a63580")
IDLE = as_role("idle-worker", "i-08d1e5b7a2c94f306", ec2RoleDelivery="2.0")
