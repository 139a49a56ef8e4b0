"""Find out which keywords of an HAProxy build the API has: `dataplane keywords`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dataplane_core.commands.api_alone import Oracle, asked_about
from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Statement
from dataplane_core.grammar.vocabulary import phrases
from dataplane_core.haproxy.build_keywords import BuildKeyword
from dataplane_core.resources.collections import Collection, RowCollection
from dataplane_core.resources.registry import Registry
from dataplane_core.text.language import INHERITING, LISTEN

# Words of crt-list files, which are not sections: the API stores such files whole.
_FILES = {"crt-list": "storage/general"}
REFUSED = {("global", "tune.chksize"), ("global", "tune.quic.backend.max-idle-timeou")}
"""Keywords that builds list, but refuse in every line (a test asks HAProxy)."""


@dataclass(frozen=True, slots=True)
class CoveredKeyword:
    """A keyword of a build, and the names of the API's collections that have it."""

    keyword: BuildKeyword
    collections: tuple[str, ...]


class Coverage:
    """The words of all declarations, by the kind of section and the words in front of them."""

    def __init__(self, registry: Registry) -> None:
        self._known: dict[tuple[str, tuple[str, ...], str], set[str]] = defaultdict(set)
        for collection in registry.collections.values():
            for kind, statement in _statements(collection):
                for form in statement.forms:
                    for phrase in phrases(form):
                        for length in range(min(1, len(phrase) - 1), len(phrase)):
                            place = (kind, phrase[:length], phrase[-1])
                            self._known[place].add(collection.name)

    def of(self, keywords: Iterable[BuildKeyword]) -> list[CoveredKeyword]:
        """Return where the API has each keyword of the class `cfg` that HAProxy would take."""
        taken = (one for one in keywords if (one.section, one.name) not in REFUSED)
        return [CoveredKeyword(one, tuple(sorted(self._find(one)))) for one in taken]

    def _find(self, keyword: BuildKeyword) -> set[str]:
        if keyword.section in _FILES:
            return {_FILES[keyword.section]}
        kinds = INHERITING if keyword.section == LISTEN else {keyword.section}
        name = keyword.name.split("(")[0].rstrip(".")
        words = _short(keyword.words)
        places = ((kind, words, one) for kind in kinds for one in (name, f"{name}."))
        return {one for place in places for one in self._known.get(place, ())}


def api_alone(
    registry: Registry, registered: Iterable[BuildKeyword], binary: str
) -> list[CoveredKeyword]:
    """Return the keywords that declarations have and an HAProxy program does not know.

    `registered` are those that it lists of the class `cfg`. Raises `CommandFailed`.
    """
    known = {(one.section, _short(one.words), one.name.split("(")[0]) for one in registered}
    every = (
        (collection, kind, statement)
        for collection in registry.collections.values()
        for kind, statement in _statements(collection)
    )
    unknown = Oracle(binary).unknown(asked_about(every, known))
    return [CoveredKeyword(one.as_keyword, one.collections) for one in unknown]


def _short(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words in front of a keyword as declarations have them.

    HAProxy lists options that need `ssl` as `bind … ssl X`; here they stand in the table of `bind`.
    """
    return words[:1] if words[1:] == ("ssl",) else words


def _statements(collection: Collection) -> Iterator[tuple[str, Statement]]:
    if isinstance(collection, RowCollection):
        for kind in collection.parents:
            yield kind, collection.table.statement
    else:
        model, kind = getattr(collection, "model", None), getattr(collection, "kind", "")
        for statement in model.statements if model else ():
            yield kind, statement
