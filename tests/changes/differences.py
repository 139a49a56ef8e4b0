"""Whatever is edited: the difference of two versions, added to the first, is the second.

Texts are those of all families: lines that the declarations give as examples, in sections of every
kind, edited as a person does, line by line. Objects are read whole for this, and not where lines
differ, as a comparison does. `python -m tests.changes.differences` tries thousands.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dataplane_core.api.section_objects import SectionObjects
from dataplane_core.api.v3 import V3
from dataplane_core.api.view import View
from dataplane_core.resources.comparison import compare
from dataplane_core.resources.object_changes import TOP, ObjectChange
from dataplane_core.resources.objects import SectionKind
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.unified import unified_diff
from tests import conftest

REGISTRY = register_collections(make_manager())
LANGUAGE = REGISTRY.language
VIEW = View(V3(), REGISTRY, None)  # type: ignore[arg-type]
KINDS = {kind: SectionKind(REGISTRY, kind) for kind in REGISTRY.section_order}
ALONE = [kind for kind, one in KINDS.items() if one.is_joined]
NAMES = ("a", "b", "c")
COMMENTS = ("", "  # by hand", ' # {"id": 1}', ' # {"id": 2}')
ODD = ("  junk line", "  .if feature(X)", "  .endif", "", "# a comment", "  # server s1 ::1", "  open 'quote")


def examples_of(kind: str) -> list[str]:
    one = KINDS[kind]
    statements = [rows.table.statement for rows in one.rows.values()]
    # Rows are what has an order: they come as often as all else together.
    many = [line for statement in statements for line in statement.examples]
    own = [line for statement in one.owner.model.statements for line in statement.examples] if one.owner else []
    return own + many * (1 + len(own) // max(len(many), 1))


EXAMPLES = {kind: examples_of(kind) for kind in KINDS}


def headers() -> list[str]:
    named = [f"{kind} {name}" for kind in KINDS if kind not in ALONE for name in NAMES]
    return [*ALONE, "defaults", *named]


HEADERS = headers()
Edit = tuple[int, int, int]
PROFILE = conftest.settings.get_profile("unhurried")


def edited(lines: Sequence[str], edit: Edit) -> list[str]:
    """The lines after one edit; numbers choose what is done, where, and with what."""
    what, where, which = edit
    lines, at = list(lines), where % (len(lines) + 1)
    kind = next((line.split()[0] for line in reversed(lines[:at]) if line.split()[:1] and line.split()[0] in KINDS), "")
    known = EXAMPLES.get(kind) or ["junk"]
    new = f"  {known[which % len(known)]}{COMMENTS[which % 7 % len(COMMENTS)]}"
    match what % 9:
        case 0 | 1 | 2:
            lines.insert(at, new)
        case 3:
            header = HEADERS[which % len(HEADERS)]
            if header == "defaults" or header.split() not in (line.partition("#")[0].split()[:2] for line in lines):
                lines.insert(at, header)
        case 4:
            lines.insert(at, ODD[which % len(ODD)])
        case 5:
            del lines[at : at + 1 + which % 3]
        case 6:
            other = which % (len(lines) + 1)
            moved = lines[at : at + 1 + which % 4]
            del lines[at : at + 1 + which % 4]
            lines[other:other] = moved
        case 7 if at < len(lines):
            lines[at] = re.sub(r"[0-9]+", lambda found: str((int(found[0]) + which) % 90), lines[at], count=1)
        case 8 if at < len(lines):
            lines[at] = lines[at].partition("#")[0].rstrip() + COMMENTS[which % len(COMMENTS)]
    return lines


EDITS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 10**4), st.integers(0, 10**4)), max_size=40)
START = [
    *("global", "  daemon", "defaults", "  mode http", "frontend a", "  bind :80", "  acl x src ::1"),
    *("  http-request deny if x", "  use_backend b if x", "backend b", "  server s1 ::1", "  server s2 ::2"),
]


def text_of(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


Rows = dict[str, list[dict[str, Any]]]


class Whole(NamedTuple):
    """A section: how it is known, what it says, and its rows, by collection."""

    known: tuple[str, str, str]
    values: dict[str, Any]
    rows: Rows


def read(document: Document) -> tuple[list[str], list[Whole]]:
    """Everything in a document: what is in front of the sections, and these."""
    found, unnamed = [], 0
    for section in document.sections:
        kind, name = KINDS[section.kind], section.name
        if not name and kind.prefix is not None:
            unnamed += 1
            name = f"{kind.prefix}{unnamed}"
        each = {one.name: [kind.row(one, row) for row in one.table.rows(section)] for one in kind.rows.values()}
        owner = kind.owner.name if kind.owner else ""
        found.append(Whole((owner, section.kind, name), kind.section(section, name), each))
    return [line.strip() for line in document.preamble.split("\n") if line.strip()], found


def added(before: Document, changes: Sequence[ObjectChange]) -> tuple[list[str], list[Whole]]:
    """Everything in a document, with changes added to it, by what they say alone."""
    top, wholes = read(before)
    for one in changes:
        if one.reference == TOP:
            top = list((one.after or {}).get("x_unmanaged", []))
    stay = {at: (whole.known[2], whole) for at, whole in enumerate(wholes)}
    placed: dict[int, tuple[str, Whole]] = {}
    for one in changes:
        if one.reference.key is not None or one.reference == TOP:
            continue
        former, place = one.places
        name, old = ("", None) if former is None else stay.pop(former)
        assert (old and old.values) == one.before
        if one.after is None:
            continue
        known = (one.reference.collection, one.reference.kind, one.reference.section)
        new = name, Whole(known, dict(one.after), old.rows if old else {})
        if one.change == "changed" and former is not None:
            stay[former] = new
        elif place is not None:
            placed[place] = new
    result = [stay[at] for at in sorted(stay)]
    for place in sorted(placed):
        result.insert(place, placed[place])
    result = [*renumbered(result)]
    return top, [whole._replace(rows=rows_of(name, whole, changes)) for name, whole in result]


def renumbered(result: Sequence[tuple[str, Whole]]) -> Iterator[tuple[str, Whole]]:
    """The same, with the names made up for sections that have none: these count them."""
    number = 0
    for former, whole in result:
        collection, kind, name = whole.known
        if name.startswith("unnamed_defaults_"):
            number += 1
            name = f"unnamed_defaults_{number}"
            whole = Whole((collection, kind, name), {**whole.values, "name": name}, whole.rows)
        yield former, whole


def rows_of(former: str, whole: Whole, changes: Sequence[ObjectChange]) -> Rows:
    """The rows of a section, which had another name perhaps, with changes added."""
    found = {}
    for name, rows in KINDS[whole.known[1]].rows.items():
        mine = [
            one
            for one in changes
            if (one.reference.collection, one.reference.kind) == (name, whole.known[1])
            and one.reference.section == (former if one.change == "deleted" else whole.known[2])
        ]
        stay = list(whole.rows.get(name, ()))
        for one in sorted(mine, key=lambda one: -(one.places[0] or 0)):
            if one.before is None:
                continue
            at = one.places[0] or 0
            if not rows.indexed and stay[at : at + 1] != [one.before]:  # lines that are no rows count
                at = len(stay) - 1 - stay[::-1].index(dict(one.before))
            assert stay[at] == one.before
            if one.change == "changed":
                stay[at] = dict(one.after or {})
            else:
                del stay[at]
        for one in sorted(mine, key=lambda one: one.places[1] or 0):
            if one.change in ("created", "moved") and one.after is not None:
                assert one.places[1] is not None
                stay.insert(one.places[1], dict(one.after))
        found[name] = stay
    return found


def patched(text: str, patch: str) -> str:
    """The text after a unified diff."""
    old = text.split("\n")
    result: list[str] = []
    at = 0
    for line in patch.split("\n")[2:]:
        if line.startswith("@@"):
            found = re.match(r"@@ -(\d+)(?:,(\d+))? ", line)
            assert found is not None
            start = int(found[1]) - (found[2] != "0")
            result += old[at:start]
            at = start
        elif line.startswith(("+", " ", "-")):
            if line[0] != "+":
                assert old[at] == line[1:]
                at += 1
            if line[0] != "-":
                result.append(line[1:])
    return "\n".join(result + old[at:])


def comparable(found: tuple[list[str], list[Whole]], document: Document) -> tuple[Any, ...]:
    """The same without the order of named rows where lines that begin as one are none."""
    top, wholes = found
    result = []
    for whole, section in zip(wholes, document.sections, strict=True):
        rows = {}
        for name, each in whole.rows.items():
            one = KINDS[section.kind].rows[name]
            words = one.table.heads.first_words
            begin = sum(line.raw.split(None, 1)[:1] != [] and line.raw.split(None, 1)[0] in words for line in section.lines)
            unclear = not one.indexed and begin != len(one.table.rows(section))
            rows[name] = sorted(each, key=repr) if unclear else each
        result.append((whole.known, whole.values, rows))
    return top, result


def shown(document: Document) -> list[Any]:
    """All sections, with their rows, as version 3 shows them."""
    found: list[Any] = []
    for section in document.sections:
        owner = KINDS[section.kind].owner
        if owner is not None:
            one = SectionObjects(VIEW, owner).show(section, full=True)
            # Of lines that version 3 lacks words for, comments and repetitions are no part of an object.
            one["x_unmanaged"] = {line.partition("#")[0].strip() for line in one.get("x_unmanaged", ())}
            found.append((section.kind, section.name, one))
    return found


def check(first: Sequence[Edit], second: Sequence[Edit]) -> None:
    """Edit a text, and edit it again; compare before and after in both directions."""
    lines: Sequence[str] = START
    for edit in first:
        lines = edited(lines, edit)
    old = Document.parse(text_of(lines), LANGUAGE)
    for edit in second:
        lines = edited(lines, edit)
    new = Document.parse(text_of(lines), LANGUAGE)
    for before, after in ((old, new), (new, old), (old, Document.parse(text_of(lines), LANGUAGE, old))):
        assert patched(before.text(), unified_diff(before.text(), after.text())) == after.text()
        changes = compare(REGISTRY, before, after)
        assert comparable(added(before, changes), after) == comparable(read(after), after)
        if not changes:
            assert shown(before) == shown(after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=3000, help="pairs of versions (3000)")
    arguments = parser.parse_args()
    phases = [Phase.generate]  # shrinking such long texts takes minutes
    many = settings(PROFILE, max_examples=arguments.examples, phases=phases)
    given(EDITS, EDITS)(many(check))()
    print(f"{arguments.examples} pairs of versions, each compared in both directions")


if __name__ == "__main__":
    main()
