"""Kinds of values that lines of several families take."""

import re
from collections.abc import Iterator

from dataplane_core.plugin import Code, Problem, Term, Values, checked, lazy_pattern, misplaced

OBJECT_NAME = r'^[A-Za-z0-9-_.:${}"]+$'
"""Names of servers, ACLs and other objects (manual, section 2.1), or a variable for such a name."""

SECTION_NAME = r"^[A-Za-z0-9-_.:]+$"
"""Names of proxy sections, as the interface takes them."""

GUID = r"^[A-Za-z0-9-_.:]+$"
"""A globally unique identifier (manual, section 4.2 "guid")."""


def or_variable(pattern: str) -> str:
    """Return a pattern for values of `pattern` and for values with an environment variable."""
    return rf"^({pattern}|.*\$.*)$"


def idle_without(needed: str | tuple[str, ...], term: Term, *names: str) -> Term:
    """Return `term` with the rule that the properties `names` say nothing without `needed`.

    Those of a client are left out then: no line would have them. Of several names in `needed` one
    is enough.
    """
    enough = (needed,) if isinstance(needed, str) else needed

    def check(values: Values) -> Iterator[Problem]:
        if not values.keys() & set(enough):
            for name in names:
                if name in values:
                    yield misplaced(name, f"{name} says nothing without {' or '.join(enough)}")

    return checked(term, check)


def counting_up(term: Term, name: str) -> Term:
    """Return `term` with the rule that its number `name` says nothing if it is negative."""

    def check(values: Values) -> Iterator[Problem]:
        if name in values and values[name] < 0:
            yield misplaced(name, f"{name} says nothing, being negative")

    return checked(term, check)


def must_match(term: Term, name: str, pattern: str, wanted: str, separator: str = "") -> Term:
    """Return `term` with the rule that its string property `name` matches `pattern`.

    With a `separator`, each part between separators must match. `wanted` completes the message
    "… must be". HAProxy alone can judge a value with an environment variable or a quote, so such a
    value passes.
    """
    whole = lazy_pattern(pattern, re.ASCII)

    def check(values: Values) -> Iterator[Problem]:
        value = str(values.get(name, ""))
        parts = value.split(separator) if separator else [value]
        if value and not set("$\"'\\") & set(value) and not all(map(whole.fullmatch, parts)):
            yield Problem(name, Code.PATTERN, f"{name} must be {wanted}, instead of {value!r}")

    return checked(term, check)
