"""Names in values: what a property refers to, and the kinds of names that there are.

A name is of one or several kinds. The kinds of sections are those of HAProxy (`backend`); those of
`NameKind` are names that lines of a section give, most of which count in that section alone.
Whoever refers to them from elsewhere says the section too: `shop/web1`, `@site/main`.
"""

from typing import NamedTuple


class NameKind:
    """Kinds of names that are no sections.

    `FILE` is a path, `LUA` what a script registers, `PATTERN_LIST` a file that another line loads.
    """

    ACL = "acl"
    SERVER = "server"
    TABLE = "table"
    USER = "user"
    GROUP = "group"
    FILTER = "filter"
    ENGINE = "engine"
    ALIAS = "certificate"
    FILE = "file"
    LUA = "lua"
    PATTERN_LIST = "pattern list"
    ALL = frozenset(
        {ACL, SERVER, TABLE, USER, GROUP, FILTER, ENGINE, ALIAS, FILE, LUA, PATTERN_LIST}
    )


class Name(NamedTuple):
    """A name in a value, from `start` to `end`, and what it may be the name of.

    A name that a line of a section gives is looked for in the section `scope`, which is of one of
    the kinds `scope_kinds`; in the section of the line itself where that is empty. Of several
    sections that a name may be that of, those are meant that give names of the kind `having`.
    `quotes` open or close among its characters. An empty text stands for a name that only the
    running process knows. In a file that `holds` something of a kind stand names, in its `part`.
    """

    kinds: tuple[str, ...]
    text: str
    start: int
    end: int
    scope: str = ""
    scope_kinds: tuple[str, ...] = ()
    having: str = ""
    quotes: str = ""
    holds: str = ""
    part: str = ""


class Declared(NamedTuple):
    """A kind of names, and how the value of a property gives one.

    With `by` the section, the line gives what is known by the section's name alone; with `numbers`
    the value is the start of several names, which the named property numbers. What is `idle` does
    nothing unless something refers to it.
    """

    kind: str
    by: str = "value"
    numbers: str = ""
    idle: bool = False
