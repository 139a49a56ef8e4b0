"""What clients of a fleet did and saw, and whether that is what one server would have answered.

A client adds a line with a name of its own to the configuration, made for the version that it has read. What is
acknowledged has a version; of what was refused nothing is there; what nobody has answered may be there, or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """A write: its mark in the text, when it began and ended, the version it was made for, and what came of it.

    `outcome` is `done`, with the `version` that it became, `refused` or `unknown`.
    """

    mark: str
    begun: float
    ended: float
    base: int
    outcome: str
    version: int = 0
    rebased: bool = False


@dataclass(frozen=True)
class Committed:
    """A revision in the store: its number, the version it is called, and the marks in its text.

    `returned` are marks that were there before, and that a roll-out which failed has taken back. `only` is the member
    that took a text which another refuses, so that nobody else may have it.
    """

    number: int
    version: int
    marks: frozenset[str]
    digest: str = ""
    returned: frozenset[str] = frozenset()
    only: str = ""


def faults(
    operations: Sequence[Operation], committed: Sequence[Committed], loaded: Mapping[str, Iterable[str]]
) -> list[str]:
    """Say what is wrong: commits that are not in one order, that were lost, or that nobody has made.

    `committed` are all revisions, in order; `loaded` the digests of texts that each member's HAProxy had.
    """
    return [
        *_broken_chain(committed), *_lost(operations, committed), *_refused_but_there(operations, committed),
        *_against_time(operations), *_not_on_base(operations, committed), *_never_committed(committed, loaded),
        *_passed_on(committed, loaded),
    ]  # fmt: skip


def _broken_chain(committed: Sequence[Committed]) -> Iterable[str]:
    for former, one in zip(committed, committed[1:], strict=False):
        if one.number != former.number + 1:
            yield f"revision {one.number} follows on {former.number}"
        if one.version < former.version:
            yield f"revision {one.number} has version {one.version} after {former.version}"


def _lost(operations: Sequence[Operation], committed: Sequence[Committed]) -> Iterable[str]:
    by_version: dict[int, Committed] = {}
    for one in committed:
        by_version.setdefault(one.version, one)  # later ones of the same version change files alone
    returned = frozenset[str]().union(*(one.returned for one in committed))
    for operation in operations:
        if operation.outcome != "done":
            continue
        found = by_version.get(operation.version)
        if found is None or operation.mark not in found.marks:
            yield f"{operation.mark} was acknowledged as version {operation.version}, which has not got it"
        elif operation.mark not in committed[-1].marks | returned:
            yield f"{operation.mark} was acknowledged, and is lost"
    versions = [one.version for one in operations if one.outcome == "done"]
    for version in {one for one in versions if versions.count(one) > 1}:
        yield f"version {version} was given to {versions.count(version)} changes"


def _refused_but_there(operations: Sequence[Operation], committed: Sequence[Committed]) -> Iterable[str]:
    there = frozenset[str]().union(*(one.marks for one in committed)) if committed else frozenset()
    known = {one.mark for one in operations}
    for operation in operations:
        if operation.outcome == "refused" and operation.mark in there:
            yield f"{operation.mark} was refused, and is there"
    for mark in there - known:
        yield f"{mark} is there, and nobody has made it"


def _against_time(operations: Sequence[Operation]) -> Iterable[str]:
    done = sorted((one for one in operations if one.outcome == "done"), key=lambda one: one.version)
    latest = 0.0
    for former, one in zip(done, done[1:], strict=False):
        latest = max(latest, former.begun)
        if one.ended < latest:
            yield f"version {one.version} was acknowledged before version {former.version} or an earlier one was asked for"


def _not_on_base(operations: Sequence[Operation], committed: Sequence[Committed]) -> Iterable[str]:
    """A change that was made for a version has nothing between it and that version."""
    marks = {}
    for one in committed:
        marks.setdefault(one.version, one.marks)
    for operation in operations:
        if operation.outcome != "done" or operation.rebased or operation.base not in marks:
            continue
        between = marks.get(operation.version, frozenset()) - marks[operation.base] - {operation.mark}
        if between:
            yield f"{operation.mark} was made for version {operation.base}, and {sorted(between)[0]} came between"


def _never_committed(committed: Sequence[Committed], loaded: Mapping[str, Iterable[str]]) -> Iterable[str]:
    known = {one.digest for one in committed}
    for name, digests in loaded.items():
        for digest in digests:
            if digest not in known:
                yield f"{name} ran a text that is no revision: {digest[:12]}"
                break


def _passed_on(committed: Sequence[Committed], loaded: Mapping[str, Iterable[str]]) -> Iterable[str]:
    """A wave in which a member refuses is the last one."""
    only = {one.digest: one for one in committed if one.only}
    for name, digests in loaded.items():
        for one in (only[digest] for digest in digests if digest in only):
            if one.only != name:
                yield f"{name} ran revision {one.number}, which {one.only} took and a member before {name} refuses"
