"""What a change would do, said without doing it."""

from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding
from dataplane_core.text import Document


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How a change would reach the running HAProxy, if nothing else happens before.

    By `commands` of the Runtime API, which are those given; by a `reload`, for the reasons given;
    or by `nothing`, where HAProxy has all of it, or the client wants it left alone. `notes` are
    what is not certain.
    """

    by: Literal["commands", "reload", "nothing"]
    commands: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class ChangePlan:
    """What a change of the configuration would do.

    `version` is the one that it is made for. `before` and `after` are the document without and with
    the change; where the change is an edit in a transaction, with all that the transaction has so
    far. `refusal` says why it would be refused, empty if it would not: what the plugins found wrong
    (`problems`), or HAProxy, whose messages are the `findings`. Then nothing is `foreseen`.
    """

    version: int
    before: Document
    after: Document
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusal: str = ""
    foreseen: Foreseen | None = None
    transaction_id: str | None = None


class Planned(Exception):
    """Raised in the place of a change that was only to be planned; nothing has been changed."""

    def __init__(self, plan: ChangePlan) -> None:
        super().__init__("the change was planned, and not made")
        self.plan = plan
