"""Where a record decides whether a call tagged something, AWS's models have the fields that the catalog looks at."""

import gzip
import json
import re
from pathlib import Path

import pytest

botocore = pytest.importorskip("botocore")

CATALOG = Path(__file__).parents[3] / "crates/service-catalog/data/catalog.txt"
# Fields that switch something on or off that no tag of a new resource comes from.
SETTINGS = {
    "backuptagsenabled",  # of backups that are made later
    "enablesessiontagchaining",  # tags of a session
    "instancemetadatatagspropagation",  # whether instances can read their tags
}


def catalog():
    """The tests of the condition `tags`, and the operations with it by namespace."""
    tests, operations, namespace = [], {}, ""
    for line in CATALOG.read_text(encoding="utf-8").splitlines():
        match line.split("\t"):
            case ["condition", "tags", *found]:
                tests = found
            case ["service", found, *_]:
                namespace = found
            case ["implies", operation, _, "tags"]:
                operations.setdefault(namespace, set()).add(operation)
    return tests, operations


def models():
    """Botocore's newest model of each service, by the names that it signs with."""
    data = Path(botocore.__file__).parent / "data"
    for service in data.iterdir():
        versions = sorted(service.glob("*/service-2.json.gz"))
        if versions:
            model = json.loads(gzip.decompress(versions[-1].read_bytes()))
            metadata = model["metadata"]
            signs = metadata.get("signingName", metadata["endpointPrefix"])
            yield {signs, service.name}, model


def fields(model, shape, seen=()):
    """The names and types of all fields of a shape."""
    if shape in seen:
        return
    found, seen = model["shapes"][shape], (*seen, shape)
    for name, member in found.get("members", {}).items():
        yield name.lower(), model["shapes"][member["shape"]]["type"]
        yield from fields(model, member["shape"], seen)
    for part in ("member", "value"):
        if part in found:
            yield from fields(model, found[part]["shape"], seen)


def test_records_that_decide_tags_have_the_fields_that_do():
    tests, operations = catalog()
    assert tests and operations
    path = re.compile(r"(\??)requestParameters\.\*\*\.(\*?)([A-Za-z]+)(\[\]|=.*)?")
    known = [path.fullmatch(test).groups() for test in tests]

    def matches(name, is_decided):
        return any(
            bool(unknown) != is_decided
            and (name.endswith(field.lower()) if any_start else name == field.lower())
            for unknown, any_start, field, _ in known
        )

    with_tags, without, unknown_settings = set(), set(), set()
    for names, model in models():
        for namespace in names & operations.keys():
            for operation in operations[namespace] & model["operations"].keys():
                shape = model["operations"][operation].get("input", {}).get("shape")
                found = set(fields(model, shape)) if shape else set()
                has_tags = any(
                    kind in ("list", "map", "structure") and matches(name, True)
                    for name, kind in found
                )
                (with_tags if has_tags else without).add((namespace, operation))
                unknown_settings |= {
                    (namespace, operation, name)
                    for name, kind in found
                    if kind == "boolean" and "tags" in name and name not in SETTINGS
                    if not matches(name, False)
                }
    assert len(with_tags) > 1_000
    # One name can stand for several models.
    assert without - with_tags == set(), "add `at-least` lines to reviewed-implied.txt"
    assert unknown_settings == set(), "tags may come from elsewhere: add a test with `?`"
