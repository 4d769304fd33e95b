"""The type stubs say what the extension module has."""

import ast
import importlib.metadata
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import access_advisor
from access_advisor import _native

STUBS = ast.parse((Path(access_advisor.__file__).parent / "_native.pyi").read_text())
CLASSES = {
    node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
}
# What every class has, and what Python makes of __eq__.
INHERITED = set(dir(object)) | {"__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__module__"}


def test_every_class_has_a_stub():
    native = {name for name, item in vars(_native).items() if inspect.isclass(item)}
    assert native == set(CLASSES)
    assert native <= set(access_advisor.__all__)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_members(name):
    own = {member for member in vars(getattr(_native, name)) if member not in INHERITED}
    stubbed = {node.name for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}
    assert own == stubbed - INHERITED


def docstrings():
    for node in STUBS.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            yield pytest.param(node, getattr(_native, node.name), id=node.name)
            for member in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("__"):
                    item = getattr(getattr(_native, node.name), member.name)
                    yield pytest.param(member, item, id=f"{node.name}.{member.name}")


@pytest.mark.parametrize(("node", "item"), list(docstrings()))
def test_docstring(node, item):
    """`stub_docstrings.py` writes them."""
    assert inspect.getdoc(item)
    assert ast.get_docstring(node) == inspect.getdoc(item)


def test_every_function_has_a_stub():
    native = {name: item for name, item in vars(_native).items() if inspect.isbuiltin(item)}
    stubbed = {node.name: node for node in STUBS.body if isinstance(node, ast.FunctionDef)}
    assert set(native) == set(stubbed)
    for name, item in native.items():
        assert found_in(item) == parameters(stubbed[name], bound=False)


def parameters(node, bound=True):
    """Name, whether it is by keyword only, and default, of a stub's parameters but for self and cls."""
    arguments = node.args
    found = []
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    pairs = list(zip(arguments.args, defaults, strict=True))
    if bound and not is_static(node):
        pairs = pairs[1:]
    found += [(argument.arg, False, default) for argument, default in pairs]
    if arguments.vararg:
        found.append((arguments.vararg.arg, False, None))
    found += [
        (argument.arg, True, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return [(name, keyword, ast.literal_eval(default) if default else "none") for name, keyword, default in found]


def is_static(node):
    return any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)


def found_in(item):
    """The same of what the extension module has."""
    found = []
    for parameter in inspect.signature(item).parameters.values():
        if parameter.name != "self":
            default = "none" if parameter.default is parameter.empty else parameter.default
            found.append((parameter.name, parameter.kind is parameter.KEYWORD_ONLY, default))
    return found


def signatures():
    for name, stub in CLASSES.items():
        for node in stub.body:
            is_method = isinstance(node, ast.FunctionDef) and (not node.decorator_list or is_static(node))
            if is_method and (node.name == "__new__" or not node.name.startswith("__")):
                yield pytest.param(name, node, id=f"{name}.{node.name}")


@pytest.mark.parametrize(("name", "node"), list(signatures()))
def test_signature(name, node):
    owner = getattr(_native, name)
    item = owner if node.name == "__new__" else getattr(owner, node.name)
    assert found_in(item) == parameters(node)


def test_the_version_is_the_wheel_s():
    assert access_advisor.__version__ == importlib.metadata.version("access-advisor")


def test_the_package_is_typed():
    assert (Path(access_advisor.__file__).parent / "py.typed").exists()


USE = """
from datetime import datetime, timezone
from pathlib import Path

from access_advisor import AccountData, Activity, Advisor, Catalog, FailedObject, Intake, Progress, Reconciliation, Store, Table, Taken, Tracking
from access_advisor.types import Report, ServiceLastAccessed


def tell(progress: Progress) -> None:
    print(progress.objects, progress.total)


now = datetime(2026, 11, 1, tzinfo=timezone.utc)
account = AccountData.load(["a.json", Path("b.json")])
activity: Activity = Activity.from_trail(Path("trail"), threads=2, until=now, progress=tell, catalog=Catalog.load("catalog"))
told: Reconciliation = activity.reconciliation
rows: dict[str, int] = told.activity_rows_set_aside_by_reason
both: Reconciliation = told + sum([told, told], Reconciliation(objects_failed=[FailedObject("a", "b")]))
known: set[FailedObject] = set(told.objects_failed)
whole = Activity.merge(*[Activity.from_parquet(Path("folder")), activity])
advisor = Advisor(account, whole, Tracking(period_days=90, actions="all"), now=now)
report: Report = advisor.report("arn", "action")
unused: list[ServiceLastAccessed] = [row for row in report["ServicesLastAccessed"] if "LastAuthenticated" not in row]
granting = advisor.policies_granting("arn", (name for name in ("s3", "iam")))
table: Table = advisor.reports(granularity="action", threads=2)
rows_of = table.to_polars().height

intake = Intake(since=now)
taken: Taken = intake.take_object(path="name", data=b"{}")
took: int = taken.bytes + taken.records
whole_trail: Activity = intake.finish()

store = Store("advisor.db", caller="arn")
try:
    job: str = store.generate_service_last_accessed_details(Arn="arn", Granularity="ACTION_LEVEL")["JobId"]
    page = store.get_service_last_accessed_details(JobId=job, MaxItems=2)
    store.list_policies_granting_service_access(Arn="arn", ServiceNamespaces=["s3"], Marker=page.get("Marker"))
except store.exceptions.NoSuchEntityException as error:
    print(error.code, error.path)

Table()  # type: ignore[call-arg]
Activity()  # type: ignore[call-arg]
Activity.from_trail("trail", threads="2")  # type: ignore[arg-type]
advisor.report("arn", "services")  # type: ignore[arg-type]
"""


def is_constructible(native):
    try:
        native()
    except TypeError as error:
        return "cannot create" not in str(error)
    return True


def mypy(arguments, folder):
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, "MYPY_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_mypy_finds_the_stubs_true(tmp_path):
    config, allowed = tmp_path / "mypy.ini", tmp_path / "allowed"
    # Neither has types, which nobody needs here.
    config.write_text("[mypy]\n[mypy-pandas,pyarrow]\nignore_missing_imports = true\n")
    # What cannot be constructed has object's.
    unmade = [name for name in CLASSES if not is_constructible(getattr(_native, name))]
    assert unmade == ["Table", "AccountData", "Catalog", "Progress", "Activity", "Taken", "ImportedTrail"]
    allowed.write_text("".join(f"access_advisor._native.{name}.__init__\n" for name in unmade))
    options = ["--mypy-config-file", str(config), "--allowlist", str(allowed)]
    done = mypy(["mypy.stubtest", "access_advisor._native", *options], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_understands_typical_use(tmp_path):
    """What is wrong in it is found: an ignored error that is none is an error."""
    (tmp_path / "use.py").write_text(USE)
    done = mypy(["mypy", "--strict", "--python-version", "3.10", "use.py"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
