"""The users, groups, roles and policies of the account, as get-account-authorization-details returns them."""

from .documents import allow, deny, document, trust, url_encoded
from .ids import ACCOUNT, PARTNER, aws_arn, iam_arn, unique_id

# the paths of all users and roles; the trail needs them too
USERS = {
    "ada": "/",
    "bruno": "/engineering/",
    "chiara": "/engineering/",
    "deniz": "/engineering/",
    "erin": "/",
    "ci-deployer": "/automation/",
    "legacy-backup": "/legacy/",
    "flora": "/",
}
ROLES = {
    "pipeline-runner": "/data/",
    "github-actions-deploy": "/ci/",
    "order-intake": "/service-role/",
    "AWSReservedSSO_Administrator_3f9c2a7d51e8b640": "/aws-reserved/sso.amazonaws.com/eu-west-1/",
    "OrganizationAuditor": "/",
    "AWSServiceRoleForConfig": "/aws-service-role/config.amazonaws.com/",
    "edge-firewall": "/network/",
    "BreakGlass": "/",
    "idle-worker": "/",
}
SSO_ADMIN = "AWSReservedSSO_Administrator_3f9c2a7d51e8b640"
USER_ID = {name: unique_id("AIDA", "user " + name) for name in USERS}
ROLE_ID = {name: unique_id("AROA", "role " + name) for name in ROLES}
# deniz left in February 2026 and was hired again in March: the same name and ARN, another UserId. Calls of the first do not count for the second.
OLD_DENIZ_ID = unique_id("AIDA", "user deniz, the first")
# gustav was deleted: his records name a user who is not in the export.
GUSTAV_ID = unique_id("AIDA", "user gustav")
PARTNER_AUDITOR_ID = unique_id("AIDA", "partner user ines")

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/6b1f9d02-7c55-4c0e-9a55-2d1f3c8e7a10"

# Attached managed policies, by the name used below.
MANAGED = {
    "DeveloperAccess": iam_arn("policy", "DeveloperAccess", "/engineering/"),
    "GuardRails": iam_arn("policy", "GuardRails"),
    "PipelineAccess": iam_arn("policy", "PipelineAccess", "/data/"),
    "human-boundary": iam_arn("policy", "human-boundary", "/boundaries/"),
    "OldReporting": iam_arn("policy", "OldReporting", "/archive/"),
    "AdministratorAccess": aws_arn("AdministratorAccess"),
    "ReadOnlyAccess": aws_arn("ReadOnlyAccess"),
    "PowerUserAccess": aws_arn("PowerUserAccess"),
    "AWSLambdaBasicExecutionRole": aws_arn("AWSLambdaBasicExecutionRole", "/service-role/"),
    "AWSConfigServiceRolePolicy": aws_arn("AWSConfigServiceRolePolicy", "/aws-service-role/"),
    # SecurityAudit is attached to auditors but has no entry under Policies: an export can lack documents.
    "SecurityAudit": aws_arn("SecurityAudit"),
}


def attached(*names):
    return [{"PolicyName": n, "PolicyArn": MANAGED[n]} for n in names]


def inline(**documents):
    return [{"PolicyName": n.replace("_", "-"), "PolicyDocument": d} for n, d in documents.items()]


def boundary(name):
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": MANAGED[name]}


def tags(**pairs):
    return [{"Key": k, "Value": v} for k, v in pairs.items()]


def user(name, created, groups=(), policies=(), managed=(), limit=None, tagged=None):
    out = {"Path": USERS[name], "UserName": name, "UserId": USER_ID[name], "Arn": iam_arn("user", name, USERS[name]), "CreateDate": created}
    if policies:  # the CLI leaves the key out when there are none
        out["UserPolicyList"] = policies
    out["GroupList"] = list(groups)
    out["AttachedManagedPolicies"] = attached(*managed)
    if limit:
        out["PermissionsBoundary"] = boundary(limit)
    out["Tags"] = tagged or []
    return out


def group(name, path, created, policies=(), managed=()):
    return {
        "Path": path,
        "GroupName": name,
        "GroupId": unique_id("AGPA", "group " + name),
        "Arn": iam_arn("group", name, path),
        "CreateDate": created,
        "GroupPolicyList": list(policies),
        "AttachedManagedPolicies": attached(*managed),
    }


def role(name, created, trusted, policies=(), managed=(), limit=None, last_used=None, profile=False):
    out = {
        "Path": ROLES[name],
        "RoleName": name,
        "RoleId": ROLE_ID[name],
        "Arn": iam_arn("role", name, ROLES[name]),
        "CreateDate": created,
        "AssumeRolePolicyDocument": trusted,
        "InstanceProfileList": [],
        "RolePolicyList": list(policies),
        "AttachedManagedPolicies": attached(*managed),
    }
    if limit:
        out["PermissionsBoundary"] = boundary(limit)
    out["Tags"] = []
    out["RoleLastUsed"] = {"LastUsedDate": last_used[0], "Region": last_used[1]} if last_used else {}
    if profile:
        bare = {k: out[k] for k in ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")}
        out["InstanceProfileList"] = [
            {
                "Path": ROLES[name],
                "InstanceProfileName": name,
                "InstanceProfileId": unique_id("AIPA", "profile " + name),
                "Arn": iam_arn("instance-profile", name, ROLES[name]),
                "CreateDate": created,
                "Roles": [bare],
            }
        ]
    return out


def policy(name, versions, default, attachments, as_boundary=0):
    """versions: (id, created, document), newest first, as in the output of the AWS CLI."""
    arn = MANAGED[name]
    return {
        "PolicyName": name,
        "PolicyId": unique_id("ANPA", "policy " + arn),
        "Arn": arn,
        "Path": arn.split(":policy", 1)[1][: -len(name)],
        "DefaultVersionId": default,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": as_boundary,
        "IsAttachable": True,
        "CreateDate": versions[-1][1],
        "UpdateDate": versions[0][1],
        "PolicyVersionList": [
            {"Document": doc, "VersionId": v, "IsDefaultVersion": v == default, "CreateDate": created} for v, created, doc in versions
        ],
    }


def users():
    return [
        # Allowed everything by AdministratorAccess through admins, minus the group's whole-service denies, minus her own.
        # The boundary would leave three services; reports never look at boundaries.
        user(
            "ada",
            "2019-11-04T08:12:30+00:00",
            groups=["admins"],
            limit="human-boundary",
            tagged=tags(team="platform", onCall="true"),
            policies=inline(
                limits=document(
                    # deny of a whole service in upper case: action patterns ignore case -> no sns
                    deny("SNS:*"),
                    # scoped deny of a few buckets: s3 stays
                    deny("s3:*", ["arn:aws:s3:::larkfield-payroll", "arn:aws:s3:::larkfield-payroll/*"]),
                    # conditional deny of a whole service: removes nothing, ec2 stays
                    deny("ec2:*", condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
                )
            ),
        ),
        # A developer with denies of his own.
        user(
            "bruno",
            "2021-02-15T09:30:00+00:00",
            groups=["developers"],
            tagged=tags(team="storefront"),
            policies=inline(
                # his deny overrides the group's allow -> no sqs
                no_queues=document(deny("sqs:*", Sid="QueuesAreForDeniz")),
                # a deny of every key ARN leaves the actions that have no resource type (ListKeys, ListAliases) -> kms stays
                no_keys=document(deny("kms:*", "arn:aws:kms:*:*:*")),
            ),
        ),
        # In two groups, and holds ReadOnlyAccess twice: directly and through developers. It counts once.
        user("chiara", "2022-06-01T07:45:12+00:00", groups=["developers", "auditors"], managed=["ReadOnlyAccess"], tagged=tags(team="security")),
        # The second deniz: this UserId has existed since March 2026.
        user(
            "deniz",
            "2026-03-02T08:00:41+00:00",
            groups=["developers"],
            policies=inline(
                # condition on an allow: ignored. Conditional deny of the whole service: removes nothing. -> secretsmanager
                secrets=document(
                    allow(
                        "secretsmanager:GetSecretValue",
                        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:storefront/*",
                        condition={"StringEquals": {"aws:ResourceTag/team": "storefront"}},
                    ),
                    deny("secretsmanager:*", condition={"IpAddress": {"aws:SourceIp": "203.0.113.128/25"}}),
                )
            ),
        ),
        # Policy variables.
        user(
            "erin",
            "2023-01-09T10:00:00+00:00",
            groups=["auditors"],
            policies=inline(
                variables=document(
                    # a deny whose resource has a variable removes nothing, although it would cover the allow if the variable were any string -> s3
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-home/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-home/${aws:username}"),
                    # a variable in an allow is any string, so the deny of names that begin with a dollar sign does not cover it -> sqs
                    allow("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:${{aws:username}}-inbox"),
                    deny("sqs:*", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:$*"),
                )
            ),
        ),
        # Statements that name actions but grant nothing. Only ecs, iam and lambda remain.
        user(
            "ci-deployer",
            "2022-10-20T16:21:05+00:00",
            policies=inline(
                can=document(
                    # upper case, and ? for exactly one character -> lambda
                    allow(["LAMBDA:UPDATEFUNCTIONCODE", "lambda:GetFunctio?"], f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"),
                    allow("ecs:ListCluster?"),
                    # PassRole alone: iam, without a tracked action
                    allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ci/github-actions-deploy"),
                ),
                cannot=document(
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-artifacts"),  # a bucket's ARN; the action applies to objects
                    allow(["sns:NoSuchThing", "sns:Publish?"]),  # no such actions
                    allow("homegrown:Deploy"),  # no such service
                    allow("sqs:SendMessage", "arn:aws:s3:::larkfield-artifacts"),  # another service's resource
                    # no resource type, and not named in full: only a pattern that matches the string * covers it
                    allow("dynamodb:ListTable?", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"),
                    # allowed and denied on the same resource
                    allow("kms:Encrypt", KEY),
                    deny("kms:Enc*", KEY),
                    # Deny NotResource covers the allow: billing is not alerts
                    allow("sns:Publish", f"arn:aws:sns:eu-west-1:{ACCOUNT}:billing"),
                    deny("sns:*", NotResource=f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"),
                ),
            ),
        ),
        # Before 2012-10-17 there were no policy variables: ${aws:username} is literal text, so the deny covers the allow. ec2 remains.
        user(
            "legacy-backup",
            "2014-05-07T12:00:00+00:00",
            policies=inline(
                backup=document(
                    allow(["ec2:CreateSnapshot", "ec2:DescribeVolumes"]),
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-home/${aws:username}/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-home/$*"),
                    version="2008-10-17",
                )
            ),
        ),
        # No permissions at all: an empty report.
        user("flora", "2026-09-28T06:55:00+00:00"),
    ]


def groups():
    return [
        # The group's denies of whole services apply to its members.
        group(
            "admins",
            "/",
            "2019-11-04T08:05:00+00:00",
            managed=["AdministratorAccess"],
            policies=inline(not_the_organization=document(deny(["organizations:*", "account:*"]))),
        ),
        # Two managed policies, a managed policy with denies only, and an inline policy.
        group(
            "developers",
            "/engineering/",
            "2020-03-30T11:20:00+00:00",
            managed=["DeveloperAccess", "ReadOnlyAccess", "GuardRails"],
            policies=inline(
                guard_rails=document(
                    # Deny NotResource: dynamodb remains on the orders tables only (DescribeTable yes, ListTables no)
                    deny("dynamodb:*", NotResource=f"arn:aws:dynamodb:*:{ACCOUNT}:table/orders*"),
                    # conditional: removes nothing
                    deny(["iam:Get*", "iam:List*"], condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}),
                )
            ),
        ),
        # One attached policy's document is not in the export. rds is allowed here and denied in developers: erin has it, chiara has not.
        group(
            "auditors",
            "/",
            "2022-06-01T07:30:00+00:00",
            managed=["SecurityAudit"],
            policies=inline(
                audit_reads=document(
                    allow(
                        [
                            "access-analyzer:List*",
                            "config:Describe*",
                            "guardduty:Get*",
                            "iam:GenerateServiceLastAccessedDetails",
                            "iam:GetServiceLastAccessedDetails",
                            "rds:DescribeDBInstances",
                        ]
                    )
                )
            ),
        ),
    ]


def roles():
    github = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    saml = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_5d1c0b7a9e24f683_DO_NOT_DELETE"
    return [
        # The nightly pipeline: customer-managed policy with another default than v1, scoped denies.
        role(
            "pipeline-runner",
            "2021-08-19T13:02:44+00:00",
            trust({"Service": "glue.amazonaws.com"}),
            managed=["PipelineAccess"],
            last_used=("2026-10-12T02:32:00+00:00", "eu-west-1"),
            policies=inline(
                extras=document(
                    # deny equal to the allow; PipelineAccess still reaches another bucket -> s3 stays
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-scratch/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-scratch/*"),
                    # deny equal to the allow, and nothing else grants it -> no sqs
                    allow("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:ingest"),
                    deny("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:ingest"),
                    allow("sts:AssumeRole", f"arn:aws:iam::{PARTNER}:role/lake-reader"),
                )
            ),
        ),
        # CI. Its document is URL-encoded. NotAction on one bucket reaches s3 and also ssm, because SendCommand has buckets among its resource types.
        role(
            "github-actions-deploy",
            "2023-03-14T15:09:26+00:00",
            trust({"Federated": github}, "sts:AssumeRoleWithWebIdentity"),
            limit="PowerUserAccess",
            last_used=("2026-10-12T10:10:00+00:00", "eu-west-1"),
            policies=[
                {
                    "PolicyName": "deploy",
                    "PolicyDocument": url_encoded(
                        document(
                            allow("cloudformation:*"),
                            allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/service-role/order-intake"),
                            allow(None, "arn:aws:s3:::larkfield-artifacts", NotAction=["s3:Put*", "s3:Delete*"]),
                        )
                    ),
                }
            ],
        ),
        # A Lambda function's role: AWS-managed policy with a path, allows with NotResource, a deny of one action.
        role(
            "order-intake",
            "2022-04-02T09:00:10+00:00",
            trust({"Service": "lambda.amazonaws.com"}),
            managed=["AWSLambdaBasicExecutionRole"],
            last_used=("2026-10-12T06:01:00+00:00", "eu-west-1"),
            policies=inline(
                orders=document(
                    allow(["dynamodb:PutItem", "dynamodb:GetItem"], NotResource="arn:aws:dynamodb:*:*:table/audit*"),
                    allow("sqs:SendMessage", NotResource="*"),  # nothing is outside * -> no sqs
                    deny("logs:CreateLogGroup"),  # one action; logs stays
                )
            ),
        ),
        # A role of IAM Identity Center: long path, everything allowed, all 456 services.
        role(
            SSO_ADMIN,
            "2024-01-22T10:30:00+00:00",
            trust({"Federated": saml}, ["sts:AssumeRoleWithSAML", "sts:TagSession"]),
            managed=["AdministratorAccess"],
            last_used=("2026-10-21T10:03:00+00:00", "us-east-1"),
        ),
        # The partner's auditor. Deny NotAction leaves what it names; ec2 with one action. The conditional one removes nothing.
        role(
            "OrganizationAuditor",
            "2023-09-05T08:08:08+00:00",
            trust({"AWS": f"arn:aws:iam::{PARTNER}:root"}, condition={"StringEquals": {"sts:ExternalId": "larkfield-2023"}}),
            managed=["ReadOnlyAccess"],
            last_used=("2026-10-03T09:08:00+00:00", "eu-west-1"),
            policies=inline(
                only_these=document(
                    deny(None, NotAction=["s3:*", "iam:*", "cloudtrail:*", "ec2:DescribeRegions"]),
                    deny(None, NotAction=["iam:*"], condition={"Bool": {"aws:SecureTransport": "false"}}),
                )
            ),
        ),
        # A service-linked role.
        role(
            "AWSServiceRoleForConfig",
            "2020-01-15T14:00:00+00:00",
            trust({"Service": "config.amazonaws.com"}),
            managed=["AWSConfigServiceRolePolicy"],
            last_used=("2026-09-12T07:00:09+00:00", "us-east-1"),
        ),
        # network-security-manager has no known actions: an allow that names the namespace reaches it.
        role(
            "edge-firewall",
            "2024-11-11T11:11:11+00:00",
            trust({"Service": "ec2.amazonaws.com"}),
            last_used=("2026-10-18T20:01:00+00:00", "us-east-1"),
            policies=inline(firewall=document(allow(["network-firewall:Describe*", "network-firewall:List*", "network-security-manager:*", "wafv2:Get*", "wafv2:List*"]))),
        ),
        # NotAction on *: all services except the three that it names. Never used.
        role(
            "BreakGlass",
            "2019-11-05T08:00:00+00:00",
            trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            policies=inline(emergency=document(allow(None, NotAction=["iam:*", "sts:*", "network-security-manager:*"]))),
        ),
        # Has a policy that grants nothing: an action without resource types, not named in full, on an ARN; and an unknown action.
        role(
            "idle-worker",
            "2025-02-03T17:40:00+00:00",
            trust({"Service": "ec2.amazonaws.com"}),
            last_used=("2026-10-19T03:00:00+00:00", "eu-west-1"),
            profile=True,
            policies=inline(nothing=document(allow("ec2:DescribeInstance?", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"), allow("sns:NoSuchThing"))),
        ),
    ]


def policies():
    everything = document(allow("*"))
    return [
        # Only v3 counts: v1 allowed everything, v4 is newer but was rolled back. kms is conditional, s3 is one bucket.
        policy(
            "DeveloperAccess",
            [
                ("v4", "2026-05-20T09:00:00+00:00", document(allow(["lambda:*", "bedrock:*"]))),
                (
                    "v3",
                    "2025-03-09T10:41:45+00:00",
                    document(
                        allow(["lambda:*", "logs:*", "cloudformation:*", "sqs:*"]),
                        allow("s3:*", ["arn:aws:s3:::larkfield-dev", "arn:aws:s3:::larkfield-dev/*"]),
                        allow("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*", condition={"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
                        allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/service-role/*"),
                    ),
                ),
                ("v1", "2020-03-30T11:18:00+00:00", everything),
            ],
            "v3",
            1,
        ),
        # Only denies: an empty report. It denies rds to all developers.
        policy("GuardRails", [("v1", "2020-04-01T08:00:00+00:00", document(deny("rds:*")))], "v1", 1),
        policy(
            "PipelineAccess",
            [
                (
                    "v2",
                    "2024-06-11T12:30:00+00:00",
                    document(
                        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"], ["arn:aws:s3:::larkfield-raw", "arn:aws:s3:::larkfield-raw/*"]),
                        allow(["glue:*", "athena:StartQueryExecution", "athena:GetQueryResults"]),
                        allow("kms:GenerateDataKey", KEY),
                    ),
                ),
                ("v1", "2021-08-19T13:00:00+00:00", document(allow(["redshift:*", "s3:*"]))),
            ],
            "v2",
            1,
        ),
        # Used as a boundary only: it has a report without entities.
        policy("human-boundary", [("v1", "2020-02-02T02:02:02+00:00", document(allow(["ec2:*", "iam:*", "s3:*"])))], "v1", 0, 1),
        # Unattached, still reported. URL-encoded. Its own deny covers redshift.
        policy(
            "OldReporting",
            [("v1", "2019-12-12T12:12:12+00:00", url_encoded(document(allow(["quicksight:Describe*", "redshift:DescribeClusters", "ses:SendEmail"]), deny("redshift:*"))))],
            "v1",
            0,
        ),
        # AWS-managed policies: AWS's names, with documents written for this file.
        policy("AdministratorAccess", [("v1", "2015-03-01T10:00:00+00:00", everything)], "v1", 2),
        policy(
            "ReadOnlyAccess",
            [
                (
                    "v2",
                    "2025-10-10T16:00:00+00:00",
                    document(
                        allow(
                            [
                                "cloudtrail:Get*",
                                "cloudtrail:LookupEvents",
                                "cloudwatch:Describe*",
                                "cloudwatch:Get*",
                                "cloudwatch:List*",
                                "dynamodb:Describe*",
                                "dynamodb:List*",
                                "ec2:Describe*",
                                "iam:Get*",
                                "iam:List*",
                                "kms:Describe*",
                                "kms:List*",
                                "lambda:Get*",
                                "lambda:List*",
                                "logs:Describe*",
                                "logs:Get*",
                                "rds:Describe*",
                                "s3:Get*",
                                "s3:List*",
                                "sns:List*",
                                "sqs:Get*",
                                "sqs:List*",
                                "tag:GetResources",
                            ]
                        )
                    ),
                )
            ],
            "v2",
            3,
        ),
        # Used as a boundary only, never attached: no report.
        policy("PowerUserAccess", [("v1", "2015-03-01T10:00:01+00:00", document(allow(None, NotAction=["iam:*", "organizations:*"])))], "v1", 0, 1),
        policy(
            "AWSLambdaBasicExecutionRole",
            [("v1", "2015-05-01T10:00:00+00:00", document(allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])))],
            "v1",
            1,
        ),
        policy(
            "AWSConfigServiceRolePolicy",
            [("v3", "2025-12-01T20:00:00+00:00", document(allow(["config:Put*", "ec2:Describe*", "iam:List*", "s3:GetBucket*", "sns:Publish"])))],
            "v3",
            1,
        ),
    ]
