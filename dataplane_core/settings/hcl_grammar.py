"""Parse HCL 2 without python-hcl2's slow start: with its grammar, but plain values alone.

python-hcl2 needs seconds to make the parser's tables for the whole language, with operators and
calls. It keeps them in a file of its own folder, which a read-only installation never has. Values
of settings are plain, and the tables for plain values take a twentieth of a second.
"""

import re
from functools import cache
from importlib.resources import files

import hcl2
from hcl2.postlexer import PostLexer
from lark import Lark, Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

Branch = Tree[Token]

_PLAIN = {
    "expression": "?expression : expr_term",
    "expr_term": (
        "expr_term : float_lit | int_lit | string | tuple | object | identifier | literal_value"
        " | heredoc_template | heredoc_template_trim"
    ),
}


def parse_plain(text: str) -> Branch | None:
    """Return the tree of a body whose values are plain; None where it holds anything else."""
    parser = _plain_parser()
    try:
        return parser.parse(text) if parser is not None else None
    except UnexpectedInput:
        return None


def parse_whole(text: str) -> Branch:
    """Return the tree of any body, in the same form; raises `UnexpectedInput` where it is none."""
    return hcl2.parses_to_tree(text)


@cache
def _plain_parser() -> Lark | None:
    """Return the parser; None where the installed python-hcl2 has other rules in its grammar."""
    grammar = files("hcl2").joinpath("hcl2.lark").read_text("utf-8")
    for name, rule in _PLAIN.items():
        # A rule ends where the next begins, or a comment.
        whole = re.compile(rf"^[?!]*{name} *:.*?(?=^[?!]*\w+ *:|^//|\Z)", re.M | re.S)
        grammar, count = whole.subn(f"{rule}\n", grammar)
        if count != 1:
            return None
    try:
        return Lark(grammar, parser="lalr", propagate_positions=True, postlex=PostLexer())
    except LarkError:
        return None
