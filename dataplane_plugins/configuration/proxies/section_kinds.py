"""Which proxy sections a statement belongs to (manual, section 4.1, the keyword matrix).

Every keyword is declared once, beside the sections that take it; a section's model is what
`select` finds for it in the tables, in their order.
"""

from collections.abc import Iterator

from dataplane_core.plugin import Statement

DEFAULTS, FRONTEND, BACKEND = "defaults", "frontend", "backend"
ANY = frozenset({DEFAULTS, FRONTEND, BACKEND})
FRONT = frozenset({DEFAULTS, FRONTEND})
BACK = frozenset({DEFAULTS, BACKEND})
NAMED = frozenset({FRONTEND, BACKEND})

ProxyStatements = tuple[tuple[frozenset[str], Statement], ...]
"""Statements with the kinds of sections that take them."""


def taken_by(kinds: frozenset[str], *statements: Statement) -> ProxyStatements:
    """Statements that the same kinds of sections take."""
    return tuple((kinds, statement) for statement in statements)


def statements_of(kind: str, *tables: ProxyStatements) -> Iterator[Statement]:
    """The statements that a kind of section takes."""
    for one in tables:
        yield from (statement for kinds, statement in one if kind in kinds)


def statements_of_listen(*tables: ProxyStatements) -> Iterator[Statement]:
    """The statements that a `listen` section takes, a frontend and a backend in one.

    Where the two have statements of their own for the same words, those of the backend say more.
    """
    known = {form.head for statement in statements_of(BACKEND, *tables) for form in statement.forms}
    for one in tables:
        for kinds, statement in one:
            new = FRONTEND in kinds and not known.issuperset(form.head for form in statement.forms)
            if BACKEND in kinds or new:
                yield statement
