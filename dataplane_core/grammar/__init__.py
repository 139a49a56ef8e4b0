r"""Declare lines of configuration once, and have them read, written, checked and specified.

A declaration is a lens: `read` gets a flat object of JSON values from lines, `put` takes a changed
object back into the same lines. Terms are lenses for parts of a line, statements for the lines of a
section, a `Model` for the section. What a value does not say, such as order, quotes and words that
nobody declared, is the layout of a line, from which a rewrite takes it again:

>>> from dataplane_core.text import Section
>>> shop = Model(
...     "shop",
...     statement("balance", word("algorithm")),
...     statement("timeout server", duration("server_timeout")),
... )
>>> section = Section.parse("backend b\n  timeout server   30s  # long\n  not-a-keyword x\n")
>>> shop.read(section)
{'server_timeout': 30000}
>>> print(shop.put(section, {"server_timeout": 40000, "algorithm": "first"}).text, end="")
backend b
  balance first
  timeout server 40000  # long
  not-a-keyword x

For all values and lines the laws of `dataplane_core.grammar.laws` hold: to put what was read
changes no byte, and what was put is what is read. `props` of a declaration are the properties that
it carries, from which the schemas of the interface are made.
"""

from dataplane_core.grammar.combined import gathered, merged, nested
from dataplane_core.grammar.declare import (
    case,
    checked,
    choose,
    dangerous,
    dispatch,
    first_of,
    group,
    just_one,
    keyword,
    lit,
    many,
    nothing,
    opt,
    option,
    prefer,
    renamed,
    rule,
    seq,
    shared,
    spelled,
    statement,
    statements,
    toggle,
)
from dataplane_core.grammar.expressions import Function
from dataplane_core.grammar.loose import loose
from dataplane_core.grammar.model import Model
from dataplane_core.grammar.name_words import (
    FILES,
    SERVERS,
    STICK_TABLES,
    Files,
    FileWith,
    InNamed,
    InSection,
    NameOf,
    Prefixed,
)
from dataplane_core.grammar.names import Declared, NameKind
from dataplane_core.grammar.notations import (
    ASSIGNED,
    CONDITION,
    EXPRESSION,
    FORMAT,
    ByChoice,
    Format,
    Patterns,
)
from dataplane_core.grammar.parameter_table import ParameterTable
from dataplane_core.grammar.parameters import (
    alias,
    arg,
    args,
    either,
    flag,
    joined,
    params,
    switch,
    synonym,
    unsaid,
    variants,
)
from dataplane_core.grammar.props import (
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    misplaced,
    of_item,
)
from dataplane_core.grammar.statements import LineForm, Statement, each_counts, first_counts
from dataplane_core.grammar.tables import Row, RowTable
from dataplane_core.grammar.terms import Term
from dataplane_core.grammar.values import (
    const,
    duration,
    integer,
    listed,
    mapped,
    maybe_word,
    number_of,
    on_off,
    one_of,
    rest,
    seconds,
    size,
    word,
)
from dataplane_core.text.language import BACKENDS

__all__ = [
    "BACKENDS",
    "ByChoice",
    "ASSIGNED",
    "CONDITION",
    "Declared",
    "EXPRESSION",
    "FILES",
    "FORMAT",
    "Files",
    "FileWith",
    "InNamed",
    "Format",
    "Function",
    "InSection",
    "Patterns",
    "Prefixed",
    "SERVERS",
    "STICK_TABLES",
    "NameKind",
    "NameOf",
    "LineForm",
    "Model",
    "NoMatch",
    "ParameterTable",
    "Problem",
    "Prop",
    "Reading",
    "Row",
    "RowTable",
    "Statement",
    "Term",
    "Values",
    "alias",
    "arg",
    "args",
    "case",
    "checked",
    "choose",
    "const",
    "dispatch",
    "duration",
    "dangerous",
    "each_counts",
    "either",
    "first_counts",
    "first_of",
    "flag",
    "gathered",
    "group",
    "just_one",
    "integer",
    "joined",
    "keyword",
    "listed",
    "lit",
    "loose",
    "many",
    "mapped",
    "maybe_word",
    "merged",
    "misplaced",
    "nested",
    "nothing",
    "of_item",
    "number_of",
    "on_off",
    "one_of",
    "opt",
    "option",
    "params",
    "prefer",
    "renamed",
    "rest",
    "rule",
    "seconds",
    "seq",
    "shared",
    "size",
    "spelled",
    "statement",
    "statements",
    "switch",
    "synonym",
    "toggle",
    "unsaid",
    "variants",
    "word",
]
