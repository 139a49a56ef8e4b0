"""Find in lines the words that are secret, by the declarations of what lines may be."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.grammar import LineForm, Prop, Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.vocabulary import keywords_of, phrases
from dataplane_core.text import Line
from dataplane_core.text.credentials import is_secret_header, may_hold_credentials
from dataplane_core.text.tokens import unquote

_OTHER = "hidden-0"
"""A word that is like no secret."""
_MOST_BEGINS = 8
"""Signs in a word, at most, behind each of which a secret may begin that is the word's end."""


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

    def parts(
        self, line: Line, tokens: Sequence[str], places: Iterable[int]
    ) -> dict[int, str]:
        """Return the part that is secret of each word that has a secret.

        `places` are those of words that may have one, as `words` returns them. A word that says
        something else, such as a name that is like a password, is not among them: with another word
        in its place the line says something else in public.
        """
        said, form = self._read(line)
        secrets = {*_secrets(form.props, said)}
        public = _public(form.props, said)
        found: dict[int, str] = {}
        for at in sorted(places):
            for part in _parts(tokens[at], secrets):
                before, _, behind = tokens[at].rpartition(part)
                other = with_words(line.raw, tokens, {at: before + _OTHER + behind})
                if self._says(Line(other), form, public):
                    found[at] = part
                    break
        known = {*map(unquote, found.values())}
        lost = [secret for secret in secrets if unquote(secret) not in known]
        for at in places:
            if any(secret in unquote(tokens[at]) for secret in lost):
                found[at] = tokens[at]
        return found or {at: tokens[at] for at in places}

    def _read(self, line: Line) -> tuple[Mapping[str, Any], LineForm]:
        match = self.heads.lookup(line)
        assert match is not None and match[2] is not None
        return match[2].values, match[1]

    def _says(self, line: Line, form: LineForm, public: Any) -> bool:
        """Return whether a line is of a form, and says the same in public."""
        match = self.heads.lookup(line)
        if match is None or match[2] is None or match[1] is not form:
            return False
        values = match[2].values
        return _OTHER in _secrets(form.props, values) and _public(form.props, values) == public

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


def with_words(line: str, tokens: Sequence[str], words: Mapping[int, str]) -> str:
    """Return a line with other words in the place of some of its `tokens`."""
    parts, last = [], 0
    for at, token in enumerate(tokens):
        start = line.index(token, last)
        parts += [line[last:start], words.get(at, token)]
        last = start + len(token)
    return "".join(parts) + line[last:]


def _parts(token: str, secrets: Iterable[str]) -> list[str]:
    """Return what of a word may be a secret: all of it, a part that is written so, or its end."""
    if token in secrets or unquote(token) in secrets:
        return [token]
    written = sorted((one for one in secrets if one in token), key=len, reverse=True)
    end = len(token) - token.endswith(("'", '"'))
    begins = [at for at in range(1, end) if not token[at - 1].isalnum()]
    return written + [token[at:end] for at in begins[:_MOST_BEGINS]]


def _public(props: Iterable[Prop], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what values say that is no secret; of secrets, only that they are there."""
    known, found = {prop.name: prop for prop in props}, dict[str, Any]()
    for name, value in values.items():
        prop = known.get(name)
        if prop is not None and isinstance(prop.items, tuple):
            found[name] = [_public(prop.items, item) for item in value]
        elif prop is not None and holds_secret(prop) and is_secret(prop, values):
            found[name] = len(value) if isinstance(value, list) else None
        else:
            found[name] = value
    return found


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


def names_in_json(prop: Prop) -> dict[str, str]:
    """Return what JSON calls a property in all versions if it is a secret, and those in it.

    Each name has that of the header which tells whether the value is a secret (`secret_of`), or "".
    """
    found: dict[str, str] = {}
    if prop.secret or prop.secret_of:
        names = {prop.name, *prop.names.values()}
        found = {name.rpartition(".")[2]: prop.secret_of.rpartition(".")[2] for name in names}
    for part in parts_of(prop):
        found |= names_in_json(part)
    return found


def secrets_in_json(
    value: Any, names: Mapping[str, str], show: Callable[[str, bool], str], is_said: bool = False
) -> Any:
    """Return a JSON value with what `show` returns of each string, told whether it is a secret.

    `names` are what secrets are called, as `names_in_json` returns them.
    """
    if isinstance(value, Mapping):
        return {
            name: secrets_in_json(one, names, show, _is_said(name, value, names))
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [secrets_in_json(one, names, show, is_said) for one in value]
    return show(value, is_said) if isinstance(value, str) else value


def _is_said(name: str, said: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    """Return whether a member of a JSON object is a secret."""
    header = names.get(name)
    return header is not None and (not header or is_secret_header(str(said.get(header, ""))))
