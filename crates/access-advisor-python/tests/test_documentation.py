"""The examples in docstrings and READMEs are right."""

import doctest
import inspect
import os
import re
import subprocess
import sys

import pytest
from conftest import NOW, ROOT

import access_advisor
import access_advisor.types

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [access_advisor, access_advisor.types]


def documented():
    """What has a docstring: modules, their public classes, and the classes' public members."""
    for module in MODULES:
        yield module.__name__, module
        for name in module.__all__:
            member = getattr(module, name)
            yield f"{module.__name__}.{name}", member
            if module is access_advisor and inspect.isclass(member):
                for own in vars(member):
                    if not own.startswith("_"):
                        yield f"{module.__name__}.{name}.{own}", getattr(member, own)


@pytest.mark.parametrize(("name", "item"), [pytest.param(*pair, id=pair[0]) for pair in documented()])
def test_docstring(name, item, advisor, tmp_path):
    text = inspect.getdoc(item)
    assert text, f"{name} has no docstring"
    names = {**vars(access_advisor), "advisor": advisor, "folder": tmp_path}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    said = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)


def run(script, folder):
    """Runs a script where the test data is. What it prints."""
    (folder / "testdata").symlink_to(ROOT / "testdata")
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def blocks(text, *languages):
    """The fenced blocks in these languages: language and content."""
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_package_readme(tmp_path):
    readme = (ROOT / "crates/access-advisor-python/README.md").read_text()
    [(_, example)] = blocks(readme, "python")
    assert run(example + "print(len(frame))", tmp_path).strip().isdigit()


def chapter():
    readme = (ROOT / "README.md").read_text()
    return re.search(r"^## From Python\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)[1]


def test_readme_walk(tmp_path):
    """The chapter's Python blocks are one script; a block of text after one is what it prints."""
    found = blocks(chapter(), "python", "text")
    script, printed = [], []
    for language, content in found:
        (script if language == "python" else printed).append(content)
        if language == "python":
            script.append('print("-- end of block --")\n')
    output = run("".join(script), tmp_path).split("-- end of block --\n")
    expected, index = [], -1
    for language, content in found:
        if language == "python":
            index += 1
            expected.append("")
        else:
            expected[index] += content
    assert output[: len(expected)] == expected
    assert (tmp_path / "unused.png").read_bytes().startswith(b"\x89PNG")


def test_readme_names_boto3s_operations():
    """In the chapter's table, each of boto3's names is one of ours."""
    names = re.findall(r"^\| `(?:iam\.)?(\w+)\(", chapter(), re.MULTILINE)
    assert len(names) == 4
    for name in names:
        assert callable(getattr(access_advisor.Store, name))


def test_now_is_what_the_examples_say(advisor):
    assert advisor.now == NOW
