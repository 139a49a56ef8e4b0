"""Have HAProxy judge a text, and say its findings in terms of what the client knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding, Reference
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.head import Head, encode_text
from dataplane_core.store.place import FilePlace
from dataplane_core.store.ports import ConfigurationCheck, Locate, Verdict
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text.language import Language


class Judge:
    """Has HAProxy check texts that would stand in the configuration file, at its `place`.

    `language` has the words that begin a section, `locate` names the object at a line of a section.
    """

    def __init__(
        self, place: FilePlace, language: Language, check: ConfigurationCheck, locate: Locate
    ) -> None:
        self._place = place
        self._check = check
        self._presenter = FindingPresenter(place.path, language, locate)

    @contextmanager
    def judging(self, path: Path, text: str, client_head: Head | None = None) -> Iterator[Verdict]:
        """Have HAProxy check a file with a text while the body runs.

        Yields a function that waits for the verdict; it returns HAProxy's warnings, and raises
        `CheckFailed`. `client_head` is as in `FindingPresenter.findings`.
        """
        with self._check.begin(path) as verdict:

            def presented() -> list[Finding]:
                try:
                    found = verdict()
                except CheckFailed as failed:
                    raise self._presenter.failure(failed, text, path, client_head) from None
                return self._presenter.findings(found, text, path, client_head) if found else []

            yield presented

    def check(self, text: str, client_head: Head) -> list[Finding]:
        """Return HAProxy's warnings about a text that is not written; raises `CheckFailed`."""
        with (
            Candidate(self._place, encode_text(text)) as candidate,
            self.judging(candidate.path, text, client_head) as verdict,
        ):
            return list(verdict())

    def place(self, snapshot: Snapshot, line: int) -> tuple[str, Reference | None]:
        """Return the section, in words, and the object at a line of a snapshot's text, from 1."""
        return self._presenter.place(snapshot, line)
