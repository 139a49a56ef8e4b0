"""Say what somebody may do, by one word: the role of a user, a token or a client certificate."""

from collections.abc import Container, Iterable
from enum import IntEnum


class Role(IntEnum):
    """What somebody may do; each role may do what those before it may.

    A reader asks, an operator changes what runs (`/runtime/`), an editor changes the configuration
    and its files, an admin everything. `NOBODY` is who is known and has no role.
    """

    NOBODY = 0
    READER = 1
    OPERATOR = 2
    EDITOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as settings and answers have it."""
        return self.name.lower()


ROLES = tuple(role.word for role in Role if role)
"""The roles that somebody can be given."""


def role_in_userlist(rules: Iterable[str], name: str, groups: Container[str]) -> Role:
    """Return the role of the first rule for a user of a userlist; `NOBODY` without one.

    A rule is a role, a colon, and the user, a group behind `@`, or `*` for all.

    >>> role_in_userlist(["reader:@watch", "admin:*"], "bob", {"watch"}).word
    'reader'
    """
    for rule in rules:
        word, _, wanted = rule.partition(":")
        if wanted in ("*", name) or (wanted[:1] == "@" and wanted[1:] in groups):
            return role_of(word)
    return Role.NOBODY


def role_of(word: str) -> Role:
    """Return the role that a word of `ROLES` stands for.

    >>> role_of("reader") < role_of("editor")
    True
    """
    return Role[word.upper()]


def role_among(rules: Iterable[str], names: Iterable[str]) -> Role:
    """Return the role of the first rule that one of some names fits; `NOBODY` without one.

    A rule is a role, a colon, and a name, which may begin with `*.` for all names below it.

    >>> role_among(["admin:ops.example", "reader:*.example"], ["db.example"]).word
    'reader'
    """
    known = [name.lower() for name in names]
    for rule in rules:
        word, _, wanted = rule.lower().partition(":")
        is_below = wanted.startswith("*.")
        if any(name.endswith(wanted[1:]) if is_below else name == wanted for name in known):
            return role_of(word)
    return Role.NOBODY
