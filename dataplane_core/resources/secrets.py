"""Hide the secrets in what objects say, so that one can still be told from another."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from dataplane_core.digests import sha256
from dataplane_core.errors import Reference
from dataplane_core.grammar import Prop, Statement
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.collections import Collection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secret_lines import (
    SecretLines,
    holds_secret,
    is_always_secret,
    is_secret,
    names_in_json,
    parts_of,
    with_words,
)
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
            found = {prop.name: prop for prop in collection.props if holds_secret(prop)}
            known = self._props[collection.name] = found
        return known

    def _lines(self, kind: str, lines: Iterable[str]) -> Iterator[str]:
        statements = self._statements(kind)
        heads = {
            form.head
            for one in statements
            if any(map(is_always_secret, one.props))
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
    def _tables(self) -> list["SecretLines"]:
        """The lines of all kinds of sections in which some can have secrets."""
        every = self._registry.collections.values()
        kinds = {one.kind for one in every if isinstance(one, SectionCollection | SingleSection)}
        made = (SecretLines(self._statements(kind)) for kind in sorted(kinds))
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
        tokens, places, _ = self._words(line)
        return conceal(with_words(line, tokens, dict.fromkeys(places, HIDDEN)))

    def replaced(self, line: str, hide: Callable[[str], str]) -> str:
        """Return a line with what `hide` returns of each secret in its place; else as `concealed`.

        All else says what it did. `hide` is given some of what it has returned, too, and is to
        return that as it is.
        """
        mark = _COMMENT.match(line)
        if mark is not None:
            return mark[0] + self.replaced(line[mark.end() :], hide)
        if self._is_plain(line):
            return line
        tokens, places, table = self._words(line)
        parts = {at: tokens[at] for at in places}
        if table is not None:
            parts = table.parts(Line(line.rstrip("\r\n")), tokens, places)
        words = {at: hide(part).join(tokens[at].rsplit(part, 1)) for at, part in parts.items()}
        return conceal(with_words(line, tokens, words), hide)

    def hidden(self, line: str) -> set[str]:
        """Return the words that `concealed` shows something else for, quoted and unquoted.

        Keywords of a line that nobody can read are not among them.
        """
        mark = _COMMENT.match(line)
        if mark is not None:
            return self.hidden(line[mark.end() :])
        if self._is_plain(line):
            return set()
        tokens, places, _ = self._words(line)
        found = [tokens[at] for at in places]

        def note(secret: str) -> str:
            found.append(secret)
            return HIDDEN

        conceal(line, note)
        fixed = {word for one in self._tables for word in one.fixed(tokens)}
        words = {*found, *map(unquote, found)} - fixed
        return {word for word in words if any(map(str.isalnum, word))}

    def _words(self, line: str) -> tuple[Sequence[str], set[int], SecretLines | None]:
        """Return the words of a line, the places of those that are secret, and who reads them.

        A line with a quote that does not end has words between blanks, and nobody can read it.
        """
        parsed, unread = Line(line.rstrip("\r\n")), 0
        tokens = parsed.tokens or tuple(line.split())
        for table in self._tables if tokens else ():
            found = table.words(parsed, tokens)
            if found is None:
                unread = max(unread, table.unread(tokens))
            elif found:
                return tokens, found, table
            elif table.heads.has_head(parsed):
                unread = -len(tokens)
        return tokens, set(range(unread, len(tokens))) if unread > 0 else set(), None

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

    def names_in_json(self) -> dict[str, str]:
        """Return what JSON calls secrets, in whatever version, each with its `secret_of`."""
        found: dict[str, str] = {}
        for collection in self._registry.collections.values():
            for prop in collection.props:
                found |= names_in_json(prop)
        return found

    def concealed_quote(self, message: str, line: str) -> str:
        """Return a message that may quote a line of a configuration, without its secrets."""
        return without_words(message, self.hidden(line))

    def concealed_field(self, name: str, value: str) -> str:
        """Return the value of a header field without the credentials in it."""
        return HIDDEN if is_secret_header(name) else conceal(value)

    def concealed_diff(self, diff: str) -> str:
        """Return a unified diff of two configurations without the secrets in its lines."""
        lines = split_lines(diff)
        return "".join(
            one if at < 2 or one[:1] in "@\\" else one[:1] + self.concealed(one[1:])
            for at, one in enumerate(lines)
        )


def first_word(line: str) -> str:
    """Return the first word of a line, be it commented out or not; empty without one."""
    mark = _COMMENT.match(line)
    words = (line if mark is None else line[mark.end() :]).split(None, 1)
    return words[0] if words else ""


def without_words(message: str, words: Iterable[str]) -> str:
    """Return a message with something else in the place of some words, and of credentials."""
    longest = sorted(words, key=len, reverse=True)
    if longest:
        pattern = "|".join(map(re.escape, longest))
        message = re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", HIDDEN, message)
    return conceal(message)


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


def _sealed(prop: Prop | None, value: Any, values: Mapping[str, Any]) -> Any:
    """Return the value of a property of an object that says `values`, without the secrets in it."""
    if prop is not None and not isinstance(prop.items, tuple) and is_secret(prop, values):
        return [_seal(one) for one in value] if isinstance(value, list) else _seal(value)
    if isinstance(value, list):
        inner = {one.name: one for one in parts_of(prop)} if prop is not None else {}
        return [
            {name: _sealed(inner.get(name), held, item) for name, held in item.items()}
            if isinstance(item, dict)
            else _sealed(None, item, values)
            for item in value
        ]
    return conceal(value, _seal) if isinstance(value, str) else value


def _seal(value: Any) -> str:
    digest = sha256(repr(value).encode("utf-8", "surrogatepass"))
    return f"\ue000{digest}\ue001"
