"""The type stubs say what the extension module has."""

import ast
import importlib.metadata
import inspect
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
