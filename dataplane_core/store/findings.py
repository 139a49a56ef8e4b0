"""Say HAProxy's findings in terms of the configuration that the client knows."""

import re
from collections.abc import Sequence
from pathlib import Path

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import CheckFailed, Finding, Reference
from dataplane_core.store.head import Head, split_header
from dataplane_core.store.message_locator import MessageLocator
from dataplane_core.store.ports import Locate, no_object
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document, Section
from dataplane_core.text.language import Language

_MOST_PRESENTED = 20


@dataclass(frozen=True, slots=True)
class SentFinding(Finding):
    """A finding about a file that was made of a client's text; `sent_line` is the line of that."""

    sent_line: int | None = None


class FindingPresenter:
    """Presents what HAProxy says about a candidate, without a word of the temporary file.

    `locate` names the object at a line of a section.
    """

    def __init__(self, config_file: Path, language: Language, locate: Locate = no_object) -> None:
        self._config_file = config_file
        self._language = language
        self._locate = locate

    def findings(
        self, found: Sequence[Finding], text: str, candidate: Path, client_head: Head | None = None
    ) -> list[Finding]:
        """Return the findings with their sections and objects, and with the client's path.

        `text` is the candidate's. `client_head` are the server's own lines as the client counts
        lines: those of the file as it was, or of the whole text that a client has sent; None for
        those of `text`.
        """
        if not found:
            return []
        head, rest = split_header(text)
        client_head = head if client_head is None else client_head
        unplaced = [finding.message for finding in found if finding.line is None]
        places = MessageLocator(Document.parse(rest, self._language), unplaced)
        file = re.escape(self._config_file.name)
        other = re.compile(rf"(?<={file}:)\d+|(?<= defined at line )\d+")
        presented = []
        for finding in found:
            section, resource, line = None, None, finding.line
            line = places.named(finding.message) if line is None else head.below(line)
            if line is not None:
                section, resource = self._place(places, line)
                line = client_head.above(line)
            message = self._without(finding.message, candidate)
            message = other.sub(lambda at: str(client_head.above(head.below(int(at[0])))), message)
            presented.append(
                Finding(line, finding.severity, _one_line(message), section, resource)
            )
        return presented

    def failure(
        self, failed: CheckFailed, text: str, candidate: Path, client_head: Head | None = None
    ) -> CheckFailed:
        """Return the refusal with all its findings in one message; arguments as in `findings`."""
        found = self.findings(failed.findings, text, candidate, client_head)
        if not found:
            return CheckFailed(self._without(failed.message, candidate))
        lines = [_sentence(finding) for finding in found[:_MOST_PRESENTED]]
        if len(found) > _MOST_PRESENTED:
            lines.append(f"and {len(found) - _MOST_PRESENTED} more")
        message = f"validation error: HAProxy refuses the configuration: {'; '.join(lines)}"
        return CheckFailed(message, tuple(found))

    def place(self, snapshot: Snapshot, line: int) -> tuple[str, Reference | None]:
        """Return the section, in words, and the object at a line of a snapshot's text, from 1."""
        places = MessageLocator(snapshot.document, ())
        section, resource = self._place(places, snapshot.head.below(line))
        if section is None:
            return "the top of the file", None
        return f"section {section}", resource

    def _place(self, places: MessageLocator, line: int) -> tuple[str | None, Reference | None]:
        """Return the section at a line (from 1), and the object that the line belongs to."""
        found = places.at(line)
        if found is None:
            return None, None
        resource = self._locate(places.document, *found)
        return _header(found[0]), resource

    def _without(self, message: str, candidate: Path) -> str:
        known = str(self._config_file)
        message = message.replace(str(candidate), known)
        alone = rf"(?<!/){re.escape(candidate.name)}"
        return re.sub(alone, lambda name: known, message)


def _one_line(message: str) -> str:
    """Return a message with its explaining lines as one line, without lines of a mere `^`."""
    lines = (line.strip() for line in message.splitlines())
    return " ".join(line for line in lines if line.strip("^"))


def _header(section: Section) -> str:
    return f"{section.kind} {section.name}".rstrip()


def _sentence(finding: Finding) -> str:
    place = [] if finding.line is None else [f"line {finding.line}"]
    if finding.section:
        place.append(f"section {finding.section}")
    return f"{', '.join(place)}: {finding.message}" if place else finding.message
