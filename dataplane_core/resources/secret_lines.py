"""Find in lines the words that are secret, by the declarations of what lines may be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.grammar import LineForm, Prop, Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.vocabulary import keywords_of, phrases
from dataplane_core.text import Line
from dataplane_core.text.credentials import is_secret_header, may_hold_credentials
from dataplane_core.text.tokens import unquote


class SecretLines:
    """The lines of one kind of section, and which of them may have secrets.

    `forms` has for each such form the words without which a line of it has none; None where none
    are needed.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.heads = HeadTable([*dict.fromkeys(statements)])
        self.forms: dict[LineForm, frozenset[str] | None] = {}
        for candidates in self.heads.by_head.values():
            for _, form in candidates:
                if any(map(is_always_secret, form.props)):
                    self.forms[form] = keywords_of(form.term, is_always_secret)
                elif any(map(holds_secret, form.props)):
                    self.forms[form] = frozenset()
        self._words = frozenset(form.head[0] for form in self.forms)
        self.keywords = frozenset(word for one in self.forms.values() for word in one or ())
        always = (form.head[0] for form, words in self.forms.items() if words is None)
        self.always = frozenset(always)

    def words(self, line: Line, tokens: Sequence[str]) -> set[int] | None:
        """Return the places of the words of a line that are secret; None if it cannot be read."""
        first = unquote(tokens[0])
        if first not in self._words or not self._may(first, line.raw):
            return set()
        if not line.tokens:
            return None
        match = self.heads.lookup(line)
        if match is None or match[1] not in self.forms:
            return set()
        if match[2] is None:
            return None
        said, form = match[2].values, match[1]
        secrets = {*_secrets(form.props, said)}
        behind = range(len(form.head), len(line.tokens))
        plain = {at: unquote(line.tokens[at]) for at in behind}
        found = {at for at in behind if plain[at] in secrets or line.tokens[at] in secrets}
        known = {plain[at] for at in found} | {line.tokens[at] for at in found}
        for secret in secrets - known:
            within = {at for at in behind if secret in plain[at]}
            found |= within or set(behind)
        return found

    def unread(self, tokens: Sequence[str]) -> int:
        """Return how many words of a line that cannot be read are shown."""
        return max((len(form.head) for form in self.forms
                    if tuple(tokens[: len(form.head)]) == form.head), default=0)  # fmt: skip

    def fixed(self, tokens: Sequence[str]) -> set[str]:
        """Return the keywords that lines with the first of some words may have."""
        forms = (form for form in self.forms if form.head == tuple(tokens[: len(form.head)]))
        return {word for form in forms for phrase in phrases(form) for word in phrase}

    def _may(self, first: str, raw: str) -> bool:
        """Return whether a line that begins with such a word may have a secret in it."""
        if first in self.always or may_hold_credentials(raw):
            return True
        return any(word in raw for word in self.keywords)


def _secrets(props: Iterable[Prop], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among the values of a line, or of an item in it."""
    for prop in props:
        value = values.get(prop.name)
        if value is None or not holds_secret(prop):
            continue
        if isinstance(prop.items, tuple):
            for item in value:
                yield from _secrets(prop.items, item)
        elif is_secret(prop, values):
            yield from map(str, value if isinstance(value, list) else (value,))


def parts_of(prop: Prop) -> tuple[Prop, ...]:
    """Return the properties of the items of a property."""
    if isinstance(prop.items, tuple):
        return prop.items
    return (prop.items,) if prop.items else ()


def holds_secret(prop: Prop) -> bool:
    """Return whether a value of the property can be a secret, or have one in it."""
    return prop.secret or bool(prop.secret_of) or any(map(holds_secret, parts_of(prop)))


def is_always_secret(prop: Prop) -> bool:
    """Return whether each value of the property is a secret, or has one in it."""
    return prop.secret or any(map(is_always_secret, parts_of(prop)))


def is_secret(prop: Prop, values: Mapping[str, Any]) -> bool:
    """Return whether the value of a property is a secret in an object that says all that."""
    if not prop.secret_of:
        return is_always_secret(prop)
    return is_secret_header(str(values.get(prop.secret_of, "")))
