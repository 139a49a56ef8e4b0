"""Which kinds of proxy sections take a statement (manual, section 4.1, the matrix of keywords).

Every statement is declared once, with the kinds of sections that take it. The statements of one
kind are those that `statements_of` finds in the tables, in the order of the tables.
"""

from collections.abc import Iterator

from dataplane_core.plugin import Statement

DEFAULTS, FRONTEND, BACKEND = "defaults", "frontend", "backend"
ANY = frozenset({DEFAULTS, FRONTEND, BACKEND})
FRONT = frozenset({DEFAULTS, FRONTEND})
BACK = frozenset({DEFAULTS, BACKEND})
NAMED = frozenset({FRONTEND, BACKEND})
ONLY_DEFAULTS = frozenset({DEFAULTS})
ONLY_FRONTEND = frozenset({FRONTEND})
ONLY_BACKEND = frozenset({BACKEND})

ANNOTATED = (
    *("email_alert", "errorfiles_from_http_errors"),
    *("errorloc302", "errorloc303", "stick_table"),
)
"""The objects in a proxy whose lines can hold metadata of theirs; no `defaults` has the last."""

ProxyStatements = tuple[tuple[frozenset[str], Statement], ...]
"""Statements, each with the kinds of sections that take it."""


def taken_by(kinds: frozenset[str], *statements: Statement) -> ProxyStatements:
    """Return each of `statements` with the kinds of sections that take it."""
    return tuple((kinds, statement) for statement in statements)


def statements_of(kind: str, *tables: ProxyStatements) -> Iterator[Statement]:
    """Return the statements that sections of a kind take, in the order of the tables."""
    for table in tables:
        yield from (statement for kinds, statement in table if kind in kinds)


def statements_of_listen(*tables: ProxyStatements) -> Iterator[Statement]:
    """Return the statements that a `listen` section takes, a frontend and a backend in one.

    Where the two have statements of their own for one keyword, such as `mode`, the backend's is
    taken: it has all values that the frontend's has.
    """
    known = {form.head for statement in statements_of(BACKEND, *tables) for form in statement.forms}
    for table in tables:
        for kinds, statement in table:
            new = FRONTEND in kinds and not known.issuperset(form.head for form in statement.forms)
            if BACKEND in kinds or new:
                yield statement
