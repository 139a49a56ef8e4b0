"""Users of a `userlist` section, as HAProxy reads them (manual, section "Userlists")."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.auth.passwords import Secret
from dataplane_core.text import Document, Section, unquote

_KINDS = frozenset({"userlist"})
_PASSWORDS = {"password": False, "insecure-password": True}


@dataclass(frozen=True, slots=True)
class Account:
    """One user with what proves it, and the groups it is in."""

    name: str
    secret: Secret
    groups: frozenset[str] = frozenset()


def accounts_of(document: Document, userlist: str) -> Mapping[str, Account]:
    """Return the users with a password in the userlist of that name; none without such a list."""
    section = document.find("userlist", userlist)
    return _accounts(section) if section else {}


def _accounts(section: Section) -> dict[str, Account]:
    secrets: dict[str, Secret] = {}
    groups: dict[str, set[str]] = {}
    for line in section.lines:
        words = [unquote(token) for token in line.tokens]
        if len(words) < 2:
            continue
        arguments = dict(zip(words[2::2], words[3::2], strict=False))
        if words[0] == "group":
            for name in filter(None, arguments.get("users", "").split(",")):
                groups.setdefault(name, set()).add(words[1])
        elif words[0] == "user":
            groups.setdefault(words[1], set()).update(
                filter(None, arguments.get("groups", "").split(","))
            )
            for keyword, insecure in _PASSWORDS.items():
                if keyword in arguments:
                    secrets[words[1]] = Secret(arguments[keyword], insecure)
    return {
        name: Account(name, secret, frozenset(groups.get(name, ())))
        for name, secret in secrets.items()
    }


class UserlistFile:
    """Source of a userlist in a file of its own, read again when the file has changed."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._identity: tuple[int, int, int] | None = None
        self._document = Document.parse("", _KINDS)

    def __call__(self) -> Document:
        """Return the file's document; an empty one when it cannot be read."""
        try:
            status = os.stat(self.path)
            identity = (status.st_ino, status.st_mtime_ns, status.st_size)
            if identity != self._identity:
                text = self.path.read_bytes().decode("utf-8", "surrogateescape")
                self._document, self._identity = Document.parse(text, _KINDS), identity
        except OSError:
            self._document, self._identity = Document.parse("", _KINDS), None
        return self._document
