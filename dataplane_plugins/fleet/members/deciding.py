"""Decide what a member does when it has, or has not, what the newest revision says."""

from enum import Enum

from dataplane_core.plugin import dataclass
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.records.revisions import Files, Revision, changed_files


class Step(Enum):
    """What a member does next."""

    NOTHING = "it has the revision"
    TAKE = "it takes the revision"
    RENUMBER = "its version has a higher number, which the fleet gets"
    MERGE = "it takes the revision, and keeps what was changed here"
    OFFER = "what was changed here becomes a revision"
    APART = "what was changed here does not go with the revision"


@dataclass(frozen=True, slots=True)
class Here:
    """What this server has: the address of its text, the number of its version, and its files."""

    text: str
    version: int
    files: Files


@dataclass(frozen=True, slots=True)
class Decision:
    """The step that is next, and what was changed here: the text, and files by their names."""

    step: Step
    own_text: bool = False
    own_files: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether anything was changed here."""
        return self.own_text or bool(self.own_files)


def decide(
    here: Here, known: Known, known_files: Files, wanted: Revision, wanted_files: Files
) -> Decision:
    """Return what is next for who has `here`, and had the revision `known` at last.

    What was changed here since is kept, unless the revision changes the same file otherwise.
    """
    same_files = not changed_files(here.files, wanted_files)
    if here.text == wanted.text and same_files:
        if here.version > wanted.version:
            return Decision(Step.RENUMBER)
        return Decision(Step.NOTHING if here.version == wanted.version else Step.TAKE)
    if not known.number:
        return Decision(Step.TAKE)
    own = tuple(
        name for name in changed_files(known_files, here.files)
        if here.files.get(name) != wanted_files.get(name)
    )  # fmt: skip
    disputed = [name for name in own if wanted_files.get(name) != known_files.get(name)]
    own_text = here.text not in (known.text, wanted.text)
    if disputed:
        return Decision(Step.APART, own_text, tuple(disputed))
    if own_text and wanted.text != known.text:
        return Decision(Step.MERGE, own_text, own)
    if (own_text or own) and wanted.files == known.files and wanted.text == known.text:
        return Decision(Step.OFFER, own_text, own)
    return Decision(Step.TAKE, own_text, own)
