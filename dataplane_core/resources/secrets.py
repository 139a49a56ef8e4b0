"""Hide the secrets in what objects say, so that one can still be told from another."""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from dataplane_core.errors import Reference
from dataplane_core.grammar import LineForm, Prop, Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.vocabulary import keywords_of
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.collections import Collection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Line
from dataplane_core.text.credentials import (
    HIDDEN,
    conceal,
    is_secret_header,
    may_hold_credentials,
)
from dataplane_core.text.lines import split_lines
from dataplane_core.text.tokens import may_be_quoted, unquote

_COMMENT = lazy_pattern(r"\s*+#[#\s]*+")
_SEAL = lazy_pattern("\ue000[0-9a-f]{64}\ue001")


class Secrets:
    """Knows the properties of a registry's objects that are secret, and the lines that say them.

    Besides those that are declared, credentials are found in headers, addresses and queries.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._props: dict[str, Mapping[str, Prop]] = {}

    def sealed(self, reference: Reference, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return flat values with a seal in the place of each secret: equal ones have equal seals.

        So is the rest of a line that nobody can read, and that begins as one with a secret does.
        """
        collection = self._registry.collections.get(reference.collection)
        secret = {} if collection is None else self._of(collection)
        sealed = {name: _sealed(secret.get(name), one, values) for name, one in values.items()}
        if reference.key is None and UNMANAGED.name in sealed:
            sealed[UNMANAGED.name] = [*self._lines(reference.kind, values[UNMANAGED.name])]
        return sealed

    def _of(self, collection: Collection) -> Mapping[str, Prop]:
        known = self._props.get(collection.name)
        if known is None:
            found = {prop.name: prop for prop in collection.props if _holds_secret(prop)}
            known = self._props[collection.name] = found
        return known

    def _lines(self, kind: str, lines: Iterable[str]) -> Iterator[str]:
        statements = self._statements(kind)
        heads = {
            form.head
            for one in statements
            if any(map(_is_always_secret, one.props))
            for form in one.forms
        }
        for line in lines:
            words = Line(line).tokens or tuple(line.split())
            head = next((head for head in heads if words[: len(head)] == head), None)
            yield conceal(line, _seal) if head is None else f"{' '.join(head)} {_seal(line)}"

    def _statements(self, kind: str) -> list[Statement]:
        """Return what lines in a kind of section may be."""
        statements = [
            statement
            for one in self._registry.collections.values()
            if isinstance(one, SectionCollection | SingleSection) and one.kind == kind
            for statement in one.model.statements
        ]
        return statements + [one.table.statement for one in self._registry.rows_of(kind)]

    @cached_property
    def _tables(self) -> list["_SecretLines"]:
        """The lines of all kinds of sections in which some can have secrets."""
        every = self._registry.collections.values()
        kinds = {one.kind for one in every if isinstance(one, SectionCollection | SingleSection)}
        made = (_SecretLines(self._statements(kind)) for kind in sorted(kinds))
        return [one for one in made if one.forms]

    def concealed(self, line: str) -> str:
        """Return a line of a configuration, of whatever section, without the secrets in it.

        A line that nobody can read loses all behind its first words if it begins as one with a
        secret does; one that is commented out is looked at, too.
        """
        mark = _COMMENT.match(line)
        if mark is not None:
            return mark[0] + self.concealed(line[mark.end() :])
        if self._is_plain(line):
            return line
        parsed, unread = Line(line.rstrip("\r\n")), 0
        for table in self._tables if parsed.tokens else ():
            found = table.words(parsed)
            if found is None:
                unread = max(unread, table.unread(parsed))
            elif found:
                return conceal(_without(line, parsed.tokens, found))
            elif table.heads.has_head(parsed):
                unread = -len(parsed.tokens)
        places = set(range(unread, len(parsed.tokens))) if unread > 0 else set[int]()
        return conceal(_without(line, parsed.tokens, places))

    def _is_plain(self, line: str) -> bool:
        """Return whether a line surely has no secret, as most have none: found by its text."""
        first = line.split(None, 1)[:1]
        if may_be_quoted(line) or first and first[0] in self._always:
            return False
        return not may_hold_credentials(line) and self._keywords.search(line) is None

    @cached_property
    def _always(self) -> frozenset[str]:
        """The first words of lines that may have a secret whatever words follow."""
        return frozenset(word for one in self._tables for word in one.always)

    @cached_property
    def _keywords(self) -> re.Pattern[str]:
        """Finds the words that secrets follow."""
        words = sorted({word for one in self._tables for word in one.keywords})
        return re.compile("|".join(map(re.escape, words)) or "(?!)")

    def concealed_diff(self, diff: str) -> str:
        """Return a unified diff of two configurations without the secrets in its lines."""
        lines = split_lines(diff)
        return "".join(
            one if at < 2 or one[:1] in "@\\" else one[:1] + self.concealed(one[1:])
            for at, one in enumerate(lines)
        )


class _SecretLines:
    """The lines of one kind of section, and which of them may have secrets.

    `forms` has for each such form the words without which a line of it has none; None where none
    are needed.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.heads = HeadTable([*dict.fromkeys(statements)])
        self.forms: dict[LineForm, frozenset[str] | None] = {}
        for candidates in self.heads.by_head.values():
            for _, form in candidates:
                if any(map(_is_always_secret, form.props)):
                    self.forms[form] = keywords_of(form.term, _is_always_secret)
                elif any(map(_holds_secret, form.props)):
                    self.forms[form] = frozenset()
        self._words = frozenset(form.head[0] for form in self.forms)
        self.keywords = frozenset(word for one in self.forms.values() for word in one or ())
        always = (form.head[0] for form, words in self.forms.items() if words is None)
        self.always = frozenset(always)

    def words(self, line: Line) -> set[int] | None:
        """Return the places of the words of a line that are secret; None if it cannot be read."""
        first = unquote(line.tokens[0])
        if first not in self._words or not self._may(first, line.raw):
            return set()
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

    def unread(self, line: Line) -> int:
        """Return how many words of a line that cannot be read are shown."""
        return max((len(form.head) for form in self.forms
                    if line.tokens[: len(form.head)] == form.head), default=0)  # fmt: skip

    def _may(self, first: str, raw: str) -> bool:
        """Return whether a line that begins with such a word may have a secret in it."""
        if first in self.always or may_hold_credentials(raw):
            return True
        return any(word in raw for word in self.keywords)


def _without(line: str, tokens: Sequence[str], places: Container[int]) -> str:
    """Return a line with something else in the place of some of its words."""
    parts, last = [], 0
    for at, token in enumerate(tokens):
        start = line.index(token, last)
        parts += [line[last:start], HIDDEN if at in places else token]
        last = start + len(token)
    return "".join(parts) + line[last:]


def _secrets(props: Iterable[Prop], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among the values of a line, or of an item in it."""
    for prop in props:
        value = values.get(prop.name)
        if value is None or not _holds_secret(prop):
            continue
        if isinstance(prop.items, tuple):
            for item in value:
                yield from _secrets(prop.items, item)
        elif _is_secret(prop, values):
            yield from map(str, value if isinstance(value, list) else (value,))


def is_sealed(value: Any) -> bool:
    """Return whether a JSON value has a secret in it that is sealed."""
    if isinstance(value, Mapping):
        return any(map(is_sealed, value.values()))
    if isinstance(value, list):
        return any(map(is_sealed, value))
    return isinstance(value, str) and _SEAL.search(value) is not None


def unsealed(value: Any) -> Any:
    """Return a JSON value with `HIDDEN` in the place of each seal."""
    if isinstance(value, Mapping):
        return {name: unsealed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [unsealed(one) for one in value]
    return _SEAL.sub(HIDDEN, value) if isinstance(value, str) else value


def _parts(prop: Prop) -> tuple[Prop, ...]:
    return prop.items if isinstance(prop.items, tuple) else (prop.items,) if prop.items else ()


def _holds_secret(prop: Prop) -> bool:
    return prop.secret or bool(prop.secret_of) or any(map(_holds_secret, _parts(prop)))


def _is_always_secret(prop: Prop) -> bool:
    return prop.secret or any(map(_is_always_secret, _parts(prop)))


def _is_secret(prop: Prop, values: Mapping[str, Any]) -> bool:
    """Return whether the value of a property is a secret in an object that says all that."""
    if not prop.secret_of:
        return _is_always_secret(prop)
    return is_secret_header(str(values.get(prop.secret_of, "")))


def _sealed(prop: Prop | None, value: Any, values: Mapping[str, Any]) -> Any:
    """Return the value of a property of an object that says `values`, without the secrets in it."""
    if prop is not None and not isinstance(prop.items, tuple) and _is_secret(prop, values):
        return [_seal(one) for one in value] if isinstance(value, list) else _seal(value)
    if isinstance(value, list):
        inner = {one.name: one for one in _parts(prop)} if prop is not None else {}
        return [
            {name: _sealed(inner.get(name), held, item) for name, held in item.items()}
            if isinstance(item, dict)
            else _sealed(None, item, values)
            for item in value
        ]
    return conceal(value, _seal) if isinstance(value, str) else value


def _seal(value: Any) -> str:
    digest = hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()
    return f"\ue000{digest}\ue001"
