"""Runs the examples in docstrings, in the documentation and in the package's README."""

import doctest
import inspect
import os
import re
import subprocess
import sys

import pytest
from conftest import NOW, ROOT

import access_advisor
import access_advisor.plot
import access_advisor.types

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [access_advisor, access_advisor.plot, access_advisor.types]


def documented():
    """Yields what must have a docstring: modules, their public names, and public members of classes."""
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
    """Runs a script in a folder with the test data, and returns what it prints."""
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


def pages():
    """The pages of the documentation whose Python needs this package. Other blocks are run by the command line's tests."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = path.read_text()
        # Spark's page needs a session: test_spark.py runs it.
        if path.name != "spark.md" and re.search(r"^(from|import) access_advisor\b", text, re.MULTILINE):
            yield pytest.param(text, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("page", list(pages()))
def test_page(page, tmp_path):
    """A page's Python blocks are one script; a block of text after one is what it prints."""
    found = blocks(page, "python", "text")
    assert page.count("```python\n") == sum(language == "python" for language, _ in found)
    script = []
    for language, content in found:
        if language == "python":
            script += [content, 'print("-- end of block --")\n']
    output = run("".join(script), tmp_path).split("-- end of block --\n")
    expected, index = [], -1
    for language, content in found:
        if language == "python":
            index += 1
            expected.append("")
        else:
            expected[index] += content
    assert output[: len(expected)] == expected
    for picture in re.findall(r"savefig\(\"(\S+)\"", page):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_boto3s_operations_are_named():
    """Each of boto3's names in the page's table is a method of Store."""
    page = (ROOT / "docs/python.md").read_text()
    names = re.findall(r"^\| `(?:iam\.)?(\w+)\(", page, re.MULTILINE)
    assert len(names) == 4
    for name in names:
        assert callable(getattr(access_advisor.Store, name))


def test_now_is_what_the_examples_say(advisor):
    assert advisor.now == NOW
