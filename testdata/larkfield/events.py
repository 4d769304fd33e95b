"""The records of the trail."""

import hashlib
import json
from datetime import datetime, timedelta

from .entities import KEY, PARTNER_AUDITOR_ID, ROLES, SSO_ADMIN
from .identities import (
    ADA,
    ADA_CONSOLE,
    ANONYMOUS,
    AUDITOR,
    BACKUP,
    BRUNO,
    CHIARA,
    CI,
    CONFIG,
    DENIZ,
    DEPLOY,
    ERIN,
    FIREWALL,
    FLORA,
    GITHUB_RUN,
    GUSTAV,
    IDENTITY_CENTER,
    IDLE,
    INTAKE,
    OLD_DENIZ,
    PIPELINE,
    ROOT,
    SAML_SIGN_IN,
    SSO_ONE,
    SSO_TWO,
    TYPELESS,
    UNKNOWN,
    as_federated,
    as_other_account,
    as_service,
    as_user,
)
from .ids import ACCOUNT, PARTNER, iam_arn, uuid

EVENTS = []  # (object name hint or None, record), in the order written here
DENIED = ("AccessDenied", "User is not authorized to perform this action with an explicit deny in an identity-based policy")
EC2_DENIED = ("Client.UnauthorizedOperation", "You are not authorized to perform this operation.")
READ_PREFIXES = ("Get", "List", "Describe", "Head", "Lookup")
AGENTS = {
    "AIDA": "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13 md/command#invented",
    "AROA": "Boto3/1.40.41 md/Botocore#1.40.41 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.12",
}


def at(who, when, source, name, region, *, params=None, response=None, error=None, file=None, account=ACCOUNT, event_id=None, **more):
    """Adds one record. `source` is eventSource without .amazonaws.com. `more` replaces or adds fields."""
    time = when if when.endswith("Z") else when + "Z"
    host = f"{source}.amazonaws.com"
    label = json.dumps([time, who, source, name, region, account], sort_keys=True)
    identity = fill_times(who, time)
    service = who.get("invokedBy")
    data = more.pop("data", False)
    record = {
        # roughly the version in use at the time
        "eventVersion": "1.11" if time >= "2025-08" else "1.10" if time >= "2024" else "1.09" if time >= "2023" else "1.08",
        "userIdentity": identity,
        "eventTime": time,
        "eventSource": host,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": service or f"203.0.113.{1 + int(hashlib.sha256(json.dumps(who).encode()).hexdigest(), 16) % 120}",
        "userAgent": service or AGENTS.get(who.get("principalId", "")[:4], "Mozilla/5.0 (X11; Linux x86_64) Invented/1.0"),
    }
    if error:
        record["errorCode"], record["errorMessage"] = error
    record["requestParameters"] = params
    record["responseElements"] = response
    record["requestID"] = uuid("request " + label)
    record["eventID"] = event_id or uuid("event " + label)
    record["readOnly"] = name.startswith(READ_PREFIXES)
    if data:
        record["resources"] = data
    record["eventType"] = "AwsApiCall"
    record["managementEvent"] = not data
    record["recipientAccountId"] = account
    record["eventCategory"] = "Data" if data else "Management"
    if not service and time >= "2023":
        record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{source}.{region}.amazonaws.com"}
    record.update(more)
    EVENTS.append((file, record))
    return record


def fill_times(identity, time):
    """The start of the session: an hour before the call."""
    began = (datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ") - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.loads(json.dumps(identity).replace("$TIME-1h", began))


def months():
    """The months from 2025-06 to 2026-09. The records of October 2026 are written one by one below."""
    return [f"{y}-{m:02}" for y in (2025, 2026) for m in range(1, 13) if "2025-06" <= f"{y}-{m:02}" <= "2026-09"]


def routine():
    """The calls on the 12th of each month. Those of the first four months are older than 400 days."""
    for month in months():
        day = month + "-12T"
        # the pipeline: first the service that starts it, then the role
        at(as_service("glue.amazonaws.com"), day + "02:15:00", "sts", "AssumeRole", "eu-west-1",
           params={"roleArn": iam_arn("role", "pipeline-runner", "/data/"), "roleSessionName": "GlueJobRunnerSession"})
        at(PIPELINE, day + "02:15:01", "glue", "StartJobRun", "eu-west-1", params={"jobName": "orders-nightly"})
        at(PIPELINE, day + "02:15:03", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "larkfield-raw", "location": ""},
           additionalEventData={"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0, "bytesTransferredOut": 137})
        at(PIPELINE, day + "02:15:07", "kms", "GenerateDataKey", "eu-west-1", params={"keyId": KEY, "keySpec": "AES_256"})
        at(PIPELINE, day + "02:20:30", "athena", "StartQueryExecution", "eu-west-1",
           # text and keys inside the parameters that look like fields of a record
           params={"queryString": "SELECT \"eventName\", \"eventSource\" FROM trail WHERE \"userIdentity\" LIKE '%{\"type\":\"Root\"}%'",
                   "workGroup": "nightly", "eventName": "DeleteWorkGroup", "eventSource": "organizations.amazonaws.com"})
        # the function
        at(INTAKE, day + "06:00:00", "logs", "CreateLogStream", "eu-west-1",
           params={"logGroupName": "/aws/lambda/order-intake", "logStreamName": f"{month.replace('-', '/')}/12/[$LATEST]"})
        # AWS Config through its service-linked role
        at(CONFIG, day + "07:00:00", "config", "PutEvaluations", "eu-west-1", params={"evaluations": [{"complianceType": "COMPLIANT"}]})
        at(CONFIG, day + "07:00:05", "ec2", "DescribeVpcs", "eu-west-1", params={"vpcSet": {}, "filterSet": {}})
        at(CONFIG, day + "07:00:09", "s3", "GetBucketAcl", "us-east-1", params={"bucketName": "larkfield-raw", "acl": ""})
        # ada; signing in is not an API call
        at({k: v for k, v in ADA.items() if k != "accessKeyId"}, day + "08:25:00", "signin", "ConsoleLogin", "us-east-1", response={"ConsoleLogin": "Success"},
           additionalEventData={"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes"},
           eventType="AwsConsoleSignIn", readOnly=False)
        at(ADA_CONSOLE, day + "08:30:00", "iam", "ListUsers", "us-east-1", params={"maxItems": 100})
        at(ADA_CONSOLE, day + "08:31:00", "ec2", "DescribeInstances", "eu-west-1", params={"instancesSet": {}, "filterSet": {}})
        # bruno's
        at(BRUNO, day + "09:10:00", "lambda", "ListFunctions20150331", "eu-west-1")
        at(BRUNO, day + "09:12:00", "cloudformation", "DescribeStacks", "eu-west-1", params={"stackName": "storefront"})
        # CI: a GitHub run has no IAM identity until it has assumed the role
        at(GITHUB_RUN, day + "09:59:58", "sts", "AssumeRoleWithWebIdentity", "eu-west-1",
           params={"roleArn": iam_arn("role", "github-actions-deploy", "/ci/"), "roleSessionName": "storefront-run-8841"})
        at(DEPLOY, day + "10:00:00", "cloudformation", "CreateChangeSet", "eu-west-1", params={"stackName": "storefront", "changeSetName": "run"})
        # chiara's dashboard
        at(CHIARA, day + "11:00:00", "monitoring", "GetMetricData", "eu-west-1", params={"maxDatapoints": 100})


def ada():
    at(ADA, "2026-10-12T09:04:00", "sts", "GetCallerIdentity", "us-east-1")
    at(ADA, "2026-10-12T09:05:13", "iam", "GetAccountAuthorizationDetails", "us-east-1", params={"filter": ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]})
    # the operation has another name than its action: ListBuckets is s3:ListAllMyBuckets
    at(ADA, "2026-10-12T09:07:40", "s3", "ListBuckets", "us-east-1", params={"Host": "s3.amazonaws.com"})
    # a tie: same second, two Regions. The greater event id is the later one -> eu-west-1
    at(ADA, "2026-10-14T16:00:00", "s3", "GetBucketLocation", "us-east-1", params={"bucketName": "larkfield-artifacts"}, event_id="0f6b1a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
    at(ADA, "2026-10-14T16:00:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "larkfield-raw"}, event_id="f06b1a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
    # used although no policy grants it: denied by the group, denied by herself, and an unknown source
    at(ADA, "2026-10-13T10:00:00", "organizations", "ListAccounts", "us-east-1", error=DENIED)
    at(ADA, "2026-10-13T10:05:00", "sns", "ListTopics", "eu-west-1", error=("AuthorizationError", DENIED[1]))
    at(ADA, "2026-10-13T10:10:00", "frobnicator", "ListFrobs", "us-east-1", params={"maxResults": 5})
    # an operation that the catalog does not know, of a service that it knows
    at(ADA, "2026-10-13T10:12:00", "lambda", "ReticulateFunction20260101", "eu-west-1", params={"functionName": "order-intake"})
    # a Region that AWS does not track: neither of these counts (ec2's last is the routine one, ecs was never used)
    at(ADA, "2026-10-20T12:00:00", "ec2", "DescribeVpcs", "ca-west-1", params={"vpcSet": {}})
    at(ADA, "2026-10-20T12:01:00", "ecs", "ListClusters", "ca-west-1", params={"maxResults": 10})
    # an attempt in the console that is not an API call but counts
    at(ADA_CONSOLE, "2026-10-15T11:00:00", "guardduty", "ListDetectors", "eu-west-1", eventType="AwsConsoleAction", sessionCredentialFromConsole="true")
    # a federated session: belongs to the user who issued it
    at(ADA, "2026-10-16T11:58:00", "sts", "GetFederationToken", "us-east-1", params={"name": "wall-display", "durationSeconds": 3600})
    at(as_federated("ada", "wall-display"), "2026-10-16T12:00:00", "monitoring", "DescribeAlarms", "eu-west-1", params={"stateValue": "ALARM"})
    # 400 days before 2026-11-01T00:00:00Z: that instant counts, a second earlier does not (actions look further back)
    at(ADA, "2025-09-27T00:00:00", "kms", "ListKeys", "eu-west-1")
    at(ADA, "2025-09-26T23:59:59", "rds", "DescribeDBInstances", "eu-west-1")
    # the start dates of the tracking of actions: S3 2020-04-12, EC2 and Lambda 2021-04-07, others 2023-05-23
    at(ADA, "2020-04-11T23:59:59", "s3", "CreateBucket", "us-east-1", params={"bucketName": "larkfield-first"})
    at(ADA, "2020-04-12T00:00:00", "s3", "DeleteBucket", "us-east-1", params={"bucketName": "larkfield-first"})
    at(ADA, "2021-04-06T12:00:00", "ec2", "StartInstances", "us-east-1", params={"instancesSet": {"items": [{"instanceId": "i-0a1b2c3d4e5f60718"}]}})
    at(ADA, "2021-04-07T09:00:00", "ec2", "RunInstances", "us-east-1", params={"instanceType": "t3.micro"})
    at(ADA, "2023-05-22T23:00:00", "sqs", "CreateQueue", "us-east-1", params={"queueName": "orders"})
    at(ADA, "2023-05-23T08:00:00", "dynamodb", "CreateTable", "us-east-1", params={"tableName": "orders"})
    # a Region counts from its own start date: il-central-1 2023-08-01, me-central-1 2022-08-30
    at(ADA, "2023-07-15T10:00:00", "lambda", "GetFunction20150331v2", "il-central-1", params={"functionName": "early"})
    at(ADA, "2023-09-10T10:00:00", "lambda", "DeleteFunction20150331", "il-central-1", params={"functionName": "early"})
    at(ADA, "2022-08-15T10:00:00", "s3", "GetBucketPolicy", "me-central-1", params={"bucketName": "larkfield-gulf"})


def developers():
    # bruno. Names with versions; a denied call is an attempt
    at(BRUNO, "2026-10-08T14:20:00", "lambda", "CreateFunction20150331", "eu-west-1",
       params={"functionName": "order-intake", "runtime": "python3.13", "role": iam_arn("role", "order-intake", "/service-role/"), "publish": False})
    at(BRUNO, "2026-10-09T15:00:00", "lambda", "UpdateFunctionCode20150331v2", "eu-west-1", params={"functionName": "order-intake", "dryRun": False})
    # a data event: Invoke is lambda:InvokeFunction, which is not tracked
    at(BRUNO, "2026-10-09T15:05:00", "lambda", "Invoke", "eu-west-1", params={"functionName": "order-intake"}, readOnly=False,
       data=[{"accountId": ACCOUNT, "type": "AWS::Lambda::Function", "ARN": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:order-intake"}])
    at(BRUNO, "2026-10-09T15:06:00", "lambda", "UpdateFunctionConfiguration20150331v2", "eu-west-1", params={"functionName": "order-intake", "timeout": 30})
    at(BRUNO, "2026-10-07T10:00:00", "s3", "PutBucketPolicy", "eu-west-1", error=DENIED,
       # a policy inside the parameters, with keys like a record's
       params={"bucketName": "larkfield-payroll", "bucketPolicy": {"Version": "2012-10-17", "Statement": [{"eventName": "GetObject", "eventTime": "2099-01-01T00:00:00Z",
               "userIdentity": {"type": "Root", "principalId": ACCOUNT}}]}})
    at(BRUNO, "2026-10-07T10:10:00", "rds", "DescribeDBInstances", "eu-west-1", error=DENIED)  # denied in the group
    at(BRUNO, "2026-10-07T10:15:00", "sqs", "ListQueues", "eu-west-1", error=DENIED)  # denied by himself
    at(BRUNO, "2026-10-07T10:20:00", "dynamodb", "ListTables", "eu-west-1", error=DENIED)  # the service is granted, this action is not
    at(BRUNO, "2026-10-07T10:25:00", "kms", "ListKeys", "eu-west-1")
    at(BRUNO, "2026-10-07T10:30:00", "ec2", "TerminateInstances", "us-west-2", error=EC2_DENIED, params={"instancesSet": {"items": [{"instanceId": "i-0f1e2d3c4b5a69788"}]}})
    # older than 400 days: the action shows it, the service does not
    at(BRUNO, "2025-07-01T09:00:00", "s3", "ListBuckets", "us-east-1", params={"Host": "s3.amazonaws.com"})
    # chiara
    at(CHIARA, "2026-10-05T08:00:00", "access-analyzer", "ListAnalyzers", "eu-west-1", params={"type": "ACCOUNT"})
    at(CHIARA, "2026-10-05T08:05:00", "config", "DescribeConfigRules", "eu-west-1")
    at(CHIARA, "2026-10-05T08:10:00", "iam", "GenerateServiceLastAccessedDetails", "us-east-1", params={"arn": iam_arn("user", "erin"), "granularity": "ACTION_LEVEL"},
       response={"jobId": "3d1b6a7e-2f5c-4a90-8d4e-6c7b8a9f0e1d"})
    at(CHIARA, "2026-10-05T08:15:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=DENIED, params={"secretId": "storefront/db"})
    # the same event in two objects: CloudTrail delivers at least once. The source `tagging` is the service `tag`
    twice = at(CHIARA, "2026-10-05T08:20:00", "tagging", "GetResources", "us-east-1", params={"resourcesPerPage": 50})
    EVENTS.append(("again", twice))
    # the first deniz: the same ARN, another id, so it counts for no one in this export
    at(OLD_DENIZ, "2026-02-20T09:00:00", "sns", "ListTopics", "eu-west-1")
    at(OLD_DENIZ, "2026-02-20T09:05:00", "cloudtrail", "LookupEvents", "eu-west-1", params={"maxResults": 50})
    at(OLD_DENIZ, "2026-02-20T09:10:00", "lambda", "ListFunctions20150331", "eu-west-1")
    # the second
    at(DENIZ, "2026-10-06T13:00:00", "logs", "StartQuery", "eu-west-1", params={"logGroupName": "/aws/lambda/order-intake", "queryString": "fields @timestamp, eventName | limit 20"})
    at(DENIZ, "2026-10-06T13:05:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=DENIED, params={"secretId": "storefront/db"})
    at(DENIZ, "2026-10-06T13:10:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})


def other_users():
    # erin
    at(ERIN, "2026-10-02T09:00:00", "access-analyzer", "ListFindings", "eu-central-1", params={"analyzerArn": f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/account"})
    at(ERIN, "2026-10-02T09:05:00", "guardduty", "GetFindings", "eu-central-1", params={"detectorId": "c6bdf1c2d3e4f5061728394a5b6c7d8e"})
    at(ERIN, "2026-10-02T09:10:00", "rds", "DescribeDBInstances", "eu-west-1")
    # a data event: HeadObject is s3:GetObject. Her only use of s3
    at(ERIN, "2026-10-02T09:15:00", "s3", "HeadObject", "eu-west-1", params={"bucketName": "larkfield-home", "key": "erin/notes.txt"},
       data=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::larkfield-home/erin/notes.txt"}, {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::larkfield-home"}],
       additionalEventData={"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0, "bytesTransferredOut": 0})
    at(ERIN, "2026-10-02T09:20:00", "iam", "GetUser", "us-east-1", error=DENIED, params={"userName": "ada"})  # iam is granted, GetUser is not
    # ci-deployer
    at(CI, "2026-10-11T17:58:00", "sts", "GetCallerIdentity", "us-east-1")  # needs no permission
    at(CI, "2026-10-11T17:59:00", "s3", "GetBucketLocation", "eu-west-1", error=DENIED, params={"bucketName": "larkfield-artifacts"})
    at(CI, "2026-10-11T18:00:00", "lambda", "UpdateFunctionCode20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    at(CI, "2026-10-11T18:01:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    at(CI, "2026-10-11T18:02:00", "ecs", "ListClusters", "eu-west-1")
    at(CI, "2026-10-11T18:05:00", "dynamodb", "ListTables", "eu-west-1", error=DENIED)
    # legacy-backup: ec2 long ago, s3 without a grant
    at(BACKUP, "2025-08-01T01:00:00", "ec2", "DescribeVolumes", "us-east-1", params={"volumeSet": {}})
    at(BACKUP, "2025-08-01T01:00:05", "ec2", "CreateSnapshot", "us-east-1", params={"volumeId": "vol-0123456789abcdef0"})
    at(BACKUP, "2025-12-24T18:00:00", "s3", "ListBuckets", "us-east-1")
    # flora has no permissions and tries
    at(FLORA, "2026-10-01T07:00:00", "sts", "GetCallerIdentity", "us-east-1")
    at(FLORA, "2026-10-01T07:01:00", "s3", "ListBuckets", "us-east-1", error=DENIED)
    # gustav is deleted
    at(GUSTAV, "2026-01-15T10:00:00", "iam", "ListUsers", "us-east-1")
    at(GUSTAV, "2026-01-15T10:02:00", "lambda", "ListFunctions20150331", "eu-west-1")


def role_sessions():
    # the pipeline, into the partner's account: one call, an event in both accounts, one sharedEventID
    at(PIPELINE, "2026-10-12T02:15:01", "glue", "GetTable", "eu-west-1", params={"databaseName": "orders", "name": "nightly"})
    shared = uuid("shared lake-reader")
    as_seen_there = as_other_account(PIPELINE["principalId"], ACCOUNT)
    lake = {"roleArn": iam_arn("role", "lake-reader", account=PARTNER), "roleSessionName": "nightly"}
    at(PIPELINE, "2026-10-12T02:30:00", "sts", "AssumeRole", "eu-west-1", params=lake, sharedEventID=shared)
    at(as_seen_there, "2026-10-12T02:30:00", "sts", "AssumeRole", "eu-west-1", params=lake, account=PARTNER, sharedEventID=shared)
    shared = uuid("shared bucket location")
    at(PIPELINE, "2026-10-12T02:31:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "partner-lake"}, sharedEventID=shared)
    at(as_seen_there, "2026-10-12T02:31:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "partner-lake"}, account=PARTNER, sharedEventID=shared)
    # delivered to the partner only, known by principalId: the unique id decides, so it is the role's
    at(as_seen_there, "2026-10-12T02:32:00", "kms", "Decrypt", "eu-west-1", params={"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, account=PARTNER, sharedEventID=uuid("shared decrypt"))
    # a network activity event at a VPC endpoint: no attempt
    at(PIPELINE, "2026-10-12T02:33:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=("VpceAccessDenied", "The request was denied due to a VPC endpoint policy"),
       eventType="AwsVpceEvent", eventCategory="NetworkActivity", managementEvent=False, vpcEndpointId="vpce-0e1d2c3b4a5968778", vpcEndpointAccountId=ACCOUNT)
    # CI
    at(DEPLOY, "2026-10-12T10:05:00", "cloudformation", "ExecuteChangeSet", "eu-west-1", params={"changeSetName": "run", "stackName": "storefront"})
    at(DEPLOY, "2026-10-12T10:10:00", "ssm", "SendCommand", "eu-west-1", error=DENIED, params={"documentName": "AWS-RunShellScript", "outputS3BucketName": "larkfield-artifacts"})
    # the function; an action outside its policies, of a service inside them
    at(INTAKE, "2026-10-12T06:00:00", "logs", "CreateLogStream", "eu-west-1", params={"logGroupName": "/aws/lambda/order-intake"})
    at(INTAKE, "2026-10-12T06:00:30", "logs", "CreateLogGroup", "eu-west-1", error=DENIED, params={"logGroupName": "/aws/lambda/order-intake"})
    at(INTAKE, "2026-10-12T06:01:00", "dynamodb", "DescribeTable", "eu-west-1", error=DENIED, params={"tableName": "orders"})
    # Identity Center: two people, one role
    at(SSO_ONE, "2026-10-21T10:00:00", "ec2", "DescribeRegions", "us-east-1", params={"regionSet": {}})
    at(SSO_ONE, "2026-10-21T10:01:00", "organizations", "DescribeOrganization", "us-east-1")
    at(SSO_TWO, "2026-10-21T10:02:00", "redshift", "DescribeClusters", "ap-southeast-3")
    at(SSO_TWO, "2026-10-21T10:03:00", "iam", "ListRoles", "us-east-1")
    # the partner's auditor comes in (a caller of another account, by id) and looks around
    at(as_other_account(PARTNER_AUDITOR_ID, PARTNER), "2026-10-03T09:00:00", "sts", "AssumeRole", "us-east-1",
       params={"roleArn": iam_arn("role", "OrganizationAuditor"), "roleSessionName": "ines", "externalId": "larkfield-2023"}, sharedEventID=uuid("shared auditor"))
    at(AUDITOR, "2026-10-03T09:02:00", "iam", "ListRoles", "us-east-1")
    at(AUDITOR, "2026-10-03T09:03:00", "s3", "ListBuckets", "us-east-1")
    at(AUDITOR, "2026-10-03T09:04:00", "cloudtrail", "LookupEvents", "us-east-1", params={"lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "ConsoleLogin"}]})
    at(AUDITOR, "2026-10-03T09:05:00", "ec2", "DescribeRegions", "us-east-1", params={"regionSet": {}})
    at(AUDITOR, "2026-10-03T09:06:00", "ec2", "DescribeVpcs", "us-east-1", error=EC2_DENIED)
    at(AUDITOR, "2026-10-03T09:07:00", "rds", "DescribeDBInstances", "eu-west-1", error=DENIED)
    at(AUDITOR, "2026-10-03T09:08:00", "lambda", "ListFunctions20150331", "eu-west-1", error=DENIED)
    # the firewall, in two Regions
    at(FIREWALL, "2026-10-18T20:00:00", "network-firewall", "DescribeFirewall", "eu-north-1", params={"firewallName": "edge"})
    at(FIREWALL, "2026-10-18T20:01:00", "wafv2", "ListWebACLs", "us-east-1", params={"scope": "CLOUDFRONT"})
    # the instance that may do nothing
    at(IDLE, "2026-10-19T03:00:00", "ec2", "DescribeInstances", "eu-west-1", error=EC2_DENIED)


def nobody_of_iam():
    """Records that belong to no IAM identity, or are no call at all."""
    # the account root
    at(ROOT, "2026-09-29T08:00:00", "signin", "ConsoleLogin", "us-east-1", response={"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn", readOnly=False,
       additionalEventData={"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": "Yes"})
    at(ROOT, "2026-09-29T08:01:00", "iam", "GetAccountSummary", "us-east-1")
    at(ROOT, "2026-09-29T08:02:00", "s3", "ListBuckets", "us-east-1")
    # AWS services acting by themselves
    at(as_service("cloudtrail.amazonaws.com"), "2026-10-12T09:00:00", "s3", "GetBucketAcl", "us-east-1", params={"bucketName": "larkfield-trail"}, sharedEventID=uuid("shared trail acl"))
    at(as_service("config.amazonaws.com"), "2026-10-12T06:59:59", "sts", "AssumeRole", "eu-west-1",
       params={"roleArn": iam_arn("role", "AWSServiceRoleForConfig", ROLES["AWSServiceRoleForConfig"]), "roleSessionName": "AWSConfig-Describe"})
    at(TYPELESS, "2026-10-12T10:06:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    # service events: with a type, and without one
    at(as_service("eks.amazonaws.com"), "2026-10-12T13:00:00", "eks", "UpgradeNotice", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"eventName": "DeleteCluster"})
    at({"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, "2026-10-12T14:00:00", "kms", "RotateKey", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"keyId": KEY.rsplit("/", 1)[1]})
    # people who are no IAM identity
    at(IDENTITY_CENTER, "2026-10-21T09:55:00", "sso", "ListApplications", "eu-west-1")
    at(IDENTITY_CENTER, "2026-10-21T09:56:00", "signin", "UserAuthentication", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"CredentialChallenge": "Success"})
    at(SAML_SIGN_IN, "2026-10-21T09:58:00", "sts", "AssumeRoleWithSAML", "us-east-1", params={"roleArn": iam_arn("role", SSO_ADMIN, ROLES[SSO_ADMIN])})
    at(UNKNOWN, "2026-10-22T04:00:00", "ses", "SendEmail", "eu-west-1", error=("AccessDenied", "The caller could not be identified"))
    # anonymous: a public object, read and refused
    for n, error in (("1", None), ("2", DENIED)):
        at(ANONYMOUS, f"2026-10-04T05:00:0{n}", "s3", "GetObject", "eu-west-1", error=error, params={"bucketName": "larkfield-public", "key": "logo.svg"},
           data=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::larkfield-public/logo.svg"}], userAgent="[curl/8.14.1]")


def exports():
    """The same trail as other tools hand it out."""
    # JSON lines: one record a line. The partner's own user, in the partner's trail
    partner_user = as_user("ines", PARTNER_AUDITOR_ID, PARTNER)
    at(partner_user, "2026-10-03T08:59:00", "sts", "GetCallerIdentity", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl")
    at(partner_user, "2026-10-03T09:00:00", "sts", "AssumeRole", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl",
       params={"roleArn": iam_arn("role", "OrganizationAuditor"), "roleSessionName": "ines"}, sharedEventID=uuid("shared auditor"))
    at(partner_user, "2026-10-03T09:30:00", "s3", "ListBuckets", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl")
    # `aws cloudtrail lookup-events`: the record is a string inside
    at(ADA, "2026-10-12T09:30:00", "cloudtrail", "LookupEvents", "us-east-1", file="exports/lookup-events.json", params={"maxResults": 50})
    at(ADA, "2026-10-12T09:29:00", "iam", "ListUsers", "us-east-1", file="exports/lookup-events.json", params={"maxItems": 100})
    at(ROOT, "2026-10-12T09:28:00", "iam", "GetAccountSummary", "us-east-1", file="exports/lookup-events.json")
