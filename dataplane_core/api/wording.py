"""What objects are called in plain sentences, made from the names that declarations give them.

`http_request_rule`, titled `HTTPRequestRule`, is an "HTTP request rule".
"""

from collections.abc import Iterable
from os.path import commonprefix

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.collections import Collection, Naming, RowCollection
from dataplane_core.resources.registry import Registry
from dataplane_core.text.language import LISTEN

_PARTS = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_FEW = 2
_VOWELS = "aeio"
_SPOKEN_LETTERS = "AEFHILMNORSX"  # whose names begin with a vowel: an HTTP rule


def words(name: str, naming: Naming) -> str:
    """Return the words of a name, in capitals where the titles have them so ("HTTP", "ACL")."""
    capitals = {part for part in _PARTS.findall(f"{naming.title} {naming.tag}") if part.isupper()}

    def cased(part: str) -> str:
        stem = part.removesuffix("s")
        return stem.upper() + part[len(stem) :] if stem.upper() in capitals else part

    return " ".join(cased(part.lower()) for part in _PARTS.findall(name))


def thing(naming: Naming) -> str:
    """Return what one object is called: "HTTP request rule", "defaults section"."""
    is_section = naming.title.endswith("Section")
    return words(naming.title if is_section else naming.schema, naming)


def things(naming: Naming) -> str:
    """Return what several objects are called: "HTTP request rules"."""
    is_section = naming.title.endswith("Section")
    return words(naming.titles if is_section else naming.schemas, naming)


def keyword(rows: RowCollection) -> str:
    """Return the words that a collection's lines start with, such as `declare capture`."""
    heads = [form.head for form in rows.table.statement.forms if form.head[0] != "no"]
    return " ".join(commonprefix(heads))


def owner(rows: RowCollection, registry: Registry, kind: str = "") -> str:
    """Return what a section that holds the rows is called.

    That is "backend", "frontend or backend", or "section".

    `listen` is left out, which is a parent wherever one of the two is; of many kinds the one that
    the collection's own parameter is called after is named. `kind` is the only one that is meant.
    """
    kinds = [kind] if kind else [kind for kind in rows.parents if kind != LISTEN]
    if len(kinds) > _FEW and rows.query.parameter is None:
        return "section"
    sections = [registry.sections_of(kind) for kind in kinds[: 1 if rows.query.parameter else _FEW]]
    return " or ".join(thing(one.naming) for one in sections if one is not None) or "section"


def about(one: Collection) -> str:
    """Return where objects stand in the file: "`server` lines in `backend` or `ring` sections"."""
    if isinstance(one, RowCollection):
        return f"`{keyword(one)}` lines in {either(one.parents)} sections"
    return f"`{one.kind}` sections"  # type: ignore[attr-defined]


def with_article(words: str) -> str:
    """Put "a" or "an" before words."""
    first = words.split(" ")[0]
    is_spelled = first.isupper() and len(first) > 1
    vowel = first[0] in (_SPOKEN_LETTERS if is_spelled else _VOWELS)
    return f"{'an' if vowel else 'a'} {words}"


def either(names: Iterable[str]) -> str:
    """Join alternatives: "`a`, `b` or `c`"."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} or {last}" if most else last
