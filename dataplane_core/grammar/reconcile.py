"""Turn the lines of a statement into others with the fewest edits."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from dataplane_core.grammar.props import Reading, Values
from dataplane_core.grammar.statements import LineContent, LineForm
from dataplane_core.text.matching import Opcode, opcodes
from dataplane_core.text.section import Section
from dataplane_core.text.section_edit import SectionEdit


class StatementLine(NamedTuple):
    """A line of a section that starts with the head of a form of a statement.

    `at` is the line's place in the section; `reading` is None where the form cannot read the line.
    """

    at: int
    form: LineForm
    reading: Reading | None


def reconcile(
    edit: SectionEdit,
    lines: Sequence[StatementLine],
    wanted: Sequence[LineContent],
    place: int,
    key: str | None = None,
) -> None:
    """Edit `lines` so that they say what is `wanted`, in that order.

    Lines are matched with contents by the value of the property `key`, where both have it, else by
    all that they say. A matched line stays, or has its own words changed; of the others, a line is
    rewritten where a content takes its place, and lines left over are removed. Contents left over
    become new lines behind the line in front of them, and at `place` where there is no line; where
    a line that is removed says all of that, it comes there as it is.
    """
    old = [_identity(form, reading.values if reading else {}, key) for _, form, reading in lines]
    new = [_identity(form, values, key) for form, values in wanted]
    places = [line.at for line in lines]
    steps = opcodes(old, new)
    going = _going(lines, old, steps) if key is None else {}
    for tag, start, end, first, last in steps:
        for line, content in zip(lines[start:end], wanted[first:last], strict=False):
            changed = line.reading is not None and line.reading.values != content[1]
            if tag != "equal" or changed:
                _rewrite(edit, line, content)
        for line in lines[start:end][last - first :]:
            edit.remove(line.at)
        added = range(first + end - start, last)
        at = _place_of(edit.section, places, end, place) if added else 0
        for number in added:
            form, values = wanted[number]
            if same := going.get(new[number]):
                edit.move(same.pop(0), at)
            else:
                edit.insert(at, form.write(values, {}))


def _going(
    lines: Sequence[StatementLine], old: Sequence[str], steps: Sequence[Opcode]
) -> dict[str, list[int]]:
    """Return the places of the lines that are removed, by all that they say."""
    going: dict[str, list[int]] = {}
    for _, start, end, first, last in steps:
        for number in range(start + last - first, end):
            if lines[number].reading is not None:
                going.setdefault(old[number], []).append(lines[number].at)
    return going


def _identity(form: LineForm, values: Values, key: str | None) -> str:
    if key is not None and key in values:
        return str(values[key])
    return json.dumps((form.head, values), sort_keys=True, default=repr)


def _rewrite(edit: SectionEdit, line: StatementLine, content: LineContent) -> None:
    """Make a line say `content`; where its form stays, so does its layout."""
    form, values = content
    layout = line.reading.layout if line.reading is not None and form is line.form else {}
    edit.replace(line.at, form.write(values, layout))


def _place_of(section: Section, places: Sequence[int], number: int, default: int) -> int:
    """Return where to insert a line that becomes number `number` (from 0) of those at `places`.

    That is behind the line in front of it, and at `default` where `places` is empty; outside of
    conditional blocks in which its neighbours do not stand.
    """
    if not places:
        return section.unconditional_place(default)
    if number == 0:
        return section.place_in_front(0, places[0])
    end = places[number] if number < len(places) else len(section.lines)
    return section.first_unconditional(range(places[number - 1] + 1, end + 1))
