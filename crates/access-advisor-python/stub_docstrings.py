"""Writes the docstrings of the extension module into its stubs, so that editors show them.

Run it with the interpreter that the package is installed into, after a doc comment in `src/` has changed:

    python crates/access-advisor-python/stub_docstrings.py

The doc comments in Rust are the only source; `tests/test_stubs.py` checks that the stubs carry the same text.
"""

import ast
import inspect
from pathlib import Path

from access_advisor import _native

STUBS = Path(__file__).parent / "python/access_advisor/_native.pyi"


def documented(tree):
    """Yields the classes, methods and functions of the stubs that have a docstring in the extension module, with that docstring."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and hasattr(_native, node.name):
            item = getattr(_native, node.name)
            yield node, inspect.getdoc(item)
            members = node.body if isinstance(node, ast.ClassDef) else []
            for member in members:
                # Special methods, such as __new__ and __len__, keep Python's own documentation.
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("__"):
                    yield member, inspect.getdoc(getattr(item, member.name))


def with_docstrings(text):
    """Returns the stubs with every docstring replaced by the extension module's."""
    lines = text.splitlines()
    # Backwards, so that earlier line numbers stay valid.
    for node, docstring in sorted(documented(ast.parse(text)), key=lambda pair: -pair[0].lineno):
        if docstring is None:
            raise SystemExit(f"{node.name} has no doc comment in Rust")
        indent = " " * (node.col_offset + 4)
        first = node.body[0]
        is_docstring = ast.get_docstring(node) is not None
        is_empty = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.value.value is ...
        quoted = quote(docstring, indent)
        if is_docstring:
            lines[first.lineno - 1 : first.end_lineno] = quoted
        elif is_empty and first.lineno == node.end_lineno:
            # `def name(self): ...`, on the signature's last line.
            lines[first.lineno - 1] = lines[first.lineno - 1].removesuffix("...").rstrip()
            lines[first.lineno : first.lineno] = quoted
        else:
            start = min([first.lineno, *(mark.lineno for mark in getattr(first, "decorator_list", []))])
            lines[start - 1 : start - 1] = quoted
    return "\n".join(lines) + "\n"


def quote(docstring, indent):
    """Returns a docstring as the lines of a stub."""
    escaped = docstring.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = escaped[:-1] + '\\"'
    first, *others = escaped.splitlines()
    lines = [f'{indent}"""{first}', *(f"{indent}{line}" if line else "" for line in others)]
    if others:
        lines.append(f'{indent}"""')
    else:
        lines[-1] += '"""'
    return lines


if __name__ == "__main__":
    STUBS.write_text(with_docstrings(STUBS.read_text()))
