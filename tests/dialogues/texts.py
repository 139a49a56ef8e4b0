"""What configuration texts say, whatever their order and spacing: a recorded one against ours.

The recorded server renders the whole file, ours edits it (docs/compatibility.md), so what is
compared is what each section says: its lines as words, comments too, without an order. What the
headers say of inheritance is left to the objects.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from dataplane_core.text import Document
from dataplane_core.text.language import Language
from dataplane_plugins.spoe.files import language
from tests.golden.offline import registry

OWN = re.compile(
    r"# (?:_version=|_md5hash=|Dataplaneapi managed File|changing file directly can|\(notice\))"
)
"""Lines that the recorded server puts at the top of a file."""
LEFT_BY_READING = frozenset({"format", "maxlen 0", "timeout connect", "timeout server"})
"""What the recorded server adds to a ring that somebody reads; no HAProxy takes most of it."""

Said = dict[str, list[str]]


@cache
def _languages() -> tuple[Language, Language]:
    return registry().language, language(registry())


def headed(text: str) -> bool:
    """Whether a text is that of a configuration: it has a line for its version, or a section."""
    return re.search(r"^(?:# _version=|global$|\[|# my own comment$)", text, re.M) is not None


def said(text: str) -> Said:
    """The lines of each section by its header, blanks made one; those above the first by ``""``."""
    haproxy, spoe = _languages()
    document = Document.parse(text, spoe if re.search(r"^\[", text, re.M) else haproxy)
    top = document.sections[0].lead if document.sections else ()
    found = {"": _lines(document.preamble + "".join(line.raw for line in top))}
    nameless = 0
    for section in document.sections:
        name = section.name
        if section.kind == "defaults" and not name:
            nameless += 1
            name = f"unnamed_defaults_{nameless}"
        lead = () if section is document.sections[0] else section.lead
        above = "".join(line.raw for line in lead)
        body = "".join(line.raw for line in section.lines)
        found.setdefault(f"{section.kind} {name}".strip(), []).extend(_lines(above + body))
    return {
        header: [line for line in lines if header[:5] != "ring " or line not in LEFT_BY_READING]
        for header, lines in found.items()
    }


def differing(ours: str, theirs: str) -> Iterator[str]:
    """What one text says and the other does not."""
    mine, others = said(ours), said(theirs)
    for header in sorted(others.keys() - mine.keys()):
        yield f"the text has no {header}"
    for header in sorted(mine.keys() - others.keys()):
        yield f"the text has {header} more"
    for header in sorted(mine.keys() & others.keys()):
        yield from unlike(header, mine[header], others[header])


def unlike(header: str, ours: list[str], theirs: list[str]) -> Iterator[str]:
    """The lines that only one of two sections has."""
    for line in sorted((Counter(theirs) - Counter(ours)).elements()):
        yield f"{header} does not say {line}"
    for line in sorted((Counter(ours) - Counter(theirs)).elements()):
        yield f"{header} says {line}"


def _lines(text: str) -> list[str]:
    words = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in words if line and not OWN.match(line)]
