"""Parses a query with sqlglot: check_syntax.py QUERY-FILE DIALECT...

Fails where a dialect does not know the syntax. Prints, a line for each dialect, the columns that the
query gives.
"""

import sys

import sqlglot

with open(sys.argv[1], encoding="utf-8") as file:
    query = file.read()
for dialect in sys.argv[2:]:
    (statement,) = sqlglot.parse(query, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(statement, sqlglot.exp.Select), type(statement)
    print(" ".join(statement.named_selects))
