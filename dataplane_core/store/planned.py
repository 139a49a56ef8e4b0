"""What a change would do, said without doing it."""

from pathlib import Path
from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding
from dataplane_core.store.head import Head
from dataplane_core.store.rehearsal import FileChange, NamedInFile, Rehearsal
from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS

By = Literal["commands", "reload", "nothing"]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How a change would reach the running HAProxy, if nothing else happens before.

    By `commands` of the Runtime API, which are those given; by a `reload`, for the reasons given;
    or by `nothing`, where HAProxy has all of it, or the client wants it left alone. `notes` are
    what is not certain.
    """

    by: By
    commands: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class ChangePlan:
    """What a change of the configuration would do.

    `version` is the one that it is made for. `before` and `after` are the document without and with
    the change; where the change is an edit in a transaction, with all that the transaction has so
    far. `refusal` says why it would be refused, empty if it would not: what the plugins found wrong
    (`problems`), or HAProxy, whose messages are the `findings`. Then nothing is `foreseen`. `files`
    are the stored ones that the change is about, if it is no change of the configuration; the lines
    of files that are left `dangling` name what would be gone, and `effects` say in sentences what
    else would be done; `dangers` are the lines that come and open the system. `head` are the
    server's own lines in the text as the client knows it, with which it counts lines, and `path` is
    the file that the documents are of.
    """

    version: int
    before: Document
    after: Document
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusal: str = ""
    foreseen: Foreseen | None = None
    transaction_id: str | None = None
    files: tuple[FileChange, ...] = ()
    dangling: tuple[NamedInFile, ...] = ()
    effects: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()
    head: Head = Head()
    path: Path | None = None

    @classmethod
    def of(cls, version: int, noted: Rehearsal) -> "ChangePlan":
        """Return what a change of files and of the running process would do."""
        commands, reasons = tuple(dict.fromkeys(noted.commands)), tuple(noted.reasons)
        by: By = "reload" if reasons else "commands" if commands else "nothing"
        nothing = Document.parse("", SECTIONS)
        foreseen = Foreseen(by, commands, reasons)
        return cls(
            version, nothing, nothing, foreseen=foreseen, files=tuple(noted.files),
            dangling=tuple(noted.dangling), effects=tuple(noted.effects),
        )  # fmt: skip


class Planned(Exception):
    """Raised in the place of a change that was only to be planned; nothing has been changed."""

    def __init__(self, plan: ChangePlan) -> None:
        super().__init__("the change was planned, and not made")
        self.plan = plan
