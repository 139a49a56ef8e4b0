"""The grammar.

Declarations from which reading, writing, schemas and specifications are computed.
"""

from dataplane_core.grammar.declare import (
    Custom,
    case,
    choose,
    dispatch,
    first_of,
    group,
    keyword,
    lit,
    many,
    nothing,
    opt,
    option,
    rows,
    rule,
    seq,
    statement,
    statements,
    toggle,
)
from dataplane_core.grammar.model import Model
from dataplane_core.grammar.params import Params, arg, args, flag, params, switch
from dataplane_core.grammar.props import NoMatch, Problem, Prop, Reading, Values, normal
from dataplane_core.grammar.rows import Row, RowTable
from dataplane_core.grammar.statements import Form, Statement
from dataplane_core.grammar.terms import Term
from dataplane_core.grammar.values import (
    const,
    duration,
    integer,
    listed,
    mapped,
    number_of,
    on_off,
    one_of,
    rest,
    size,
    word,
)

__all__ = [
    "Custom",
    "Form",
    "Model",
    "NoMatch",
    "Params",
    "Problem",
    "Prop",
    "Reading",
    "Row",
    "RowTable",
    "Statement",
    "Term",
    "Values",
    "arg",
    "args",
    "case",
    "choose",
    "const",
    "dispatch",
    "duration",
    "first_of",
    "flag",
    "group",
    "integer",
    "keyword",
    "listed",
    "lit",
    "many",
    "mapped",
    "normal",
    "nothing",
    "number_of",
    "on_off",
    "one_of",
    "opt",
    "option",
    "params",
    "rest",
    "rows",
    "rule",
    "seq",
    "size",
    "statement",
    "statements",
    "switch",
    "toggle",
    "word",
]
