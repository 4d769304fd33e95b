"""Makes IAM calls for a test with unmodified boto3: one JSON request a line in, one JSON answer a line out.

A request is {"operation", "parameters", "key": {"id", "secret", "token"?}, "transport": "sdk" | "query"};
an answer is {"status", "result"} or {"status", "error", "message"}. The endpoint is the first argument.
With "query" the request is a signed form of the Query protocol that botocore did not build.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import boto3
import botocore
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

ENDPOINT = sys.argv[1]
REGION = "us-east-1"
# What boto3 would refuse by itself shall reach the server.
CONFIG = botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1})
CLIENTS = {}


def client(key):
    name = key["id"]
    if name not in CLIENTS:
        CLIENTS[name] = boto3.client(
            "iam",
            region_name=REGION,
            endpoint_url=ENDPOINT,
            aws_access_key_id=key["id"],
            aws_secret_access_key=key["secret"],
            aws_session_token=key.get("token"),
            config=CONFIG,
        )
    return CLIENTS[name]


def by_sdk(request):
    method = getattr(client(request["key"]), botocore.xform_name(request["operation"]))
    try:
        answer = method(**request["parameters"])
    except botocore.exceptions.ClientError as error:
        answer = error.response
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "error": answer["Error"]["Code"], "message": answer["Error"]["Message"]}
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    return {"status": status, "result": answer}


def by_query(request):
    fields = {"Action": request["operation"], "Version": "2010-05-08", **request["parameters"]}
    body = urllib.parse.urlencode(fields)
    key = request["key"]
    credentials = botocore.credentials.Credentials(key["id"], key["secret"], key.get("token"))
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = botocore.awsrequest.AWSRequest("POST", ENDPOINT + "/", headers=headers, data=body)
    botocore.auth.SigV4Auth(credentials, "iam", REGION).add_auth(signed)
    sent = urllib.request.Request(ENDPOINT + "/", body.encode(), dict(signed.headers), method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return {"status": answer.status, "result": fields_of(answer.read())}
    except urllib.error.HTTPError as error:
        tree = strip(xml.etree.ElementTree.fromstring(error.read()))
        return {
            "status": error.code,
            "error": tree.findtext("Error/Code"),
            "message": tree.findtext("Error/Message"),
        }


def strip(tree):
    for element in tree.iter():
        element.tag = element.tag.split("}")[-1]
    return tree


def fields_of(text):
    """The result's elements as the SDK would parse them, as far as the test looks at them."""

    def value(element):
        children = list(element)
        if children and all(child.tag == "member" for child in children):
            return [value(child) for child in children]
        if children:
            return {child.tag: value(child) for child in children}
        text = element.text or ""
        if text in ("true", "false"):
            return text == "true"
        return int(text) if text.isdigit() else text

    tree = strip(xml.etree.ElementTree.fromstring(text))
    return {child.tag: value(child) for child in list(tree)[0]}


for line in sys.stdin:
    request = json.loads(line)
    answer = by_query(request) if request["transport"] == "query" else by_sdk(request)
    print(json.dumps(answer, default=str), flush=True)
