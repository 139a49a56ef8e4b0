"""Put new sections between others, set off as these are."""

from collections.abc import Mapping, Sequence

from dataplane_core.text.section import Section


def with_new(
    preamble: str, sections: Sequence[Section], new: Mapping[int, Sequence[Section]]
) -> tuple[str, tuple[Section, ...]]:
    """Return what stands in front of all sections, and the sections with the new ones.

    `new` are those in front of each position. A blank line sets a new one off where one sets off
    its neighbours, and at the end of the file.
    """
    result: list[Section] = []
    for at in range(len(sections) + 1):
        for section in new.get(at, ()):
            ends_blank = result[-1].ends_blank() if result else is_blank_at_end(preamble)
            if ends_blank or (at < len(sections) and not result and not preamble):
                section = section.with_blank_end()
            elif result and at == len(sections):
                result[-1] = result[-1].with_blank_end()
            elif preamble and at == len(sections):
                preamble += section.line_end()
            result.append(section)
        result.extend(sections[at : at + 1])
    return preamble, tuple(result)


def is_blank_at_end(text: str) -> bool:
    """Return whether the last line of a text is blank and ended."""
    return text.endswith("\n") and not text[text.rfind("\n", 0, -1) + 1 :].strip()
