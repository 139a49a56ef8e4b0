"""Bring a desired state into haproxy.cfg: onto the newest version, whoever else changes it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dataplane_core.plugin import (
    BadRequest,
    CheckedRequest,
    Document,
    Outcome,
    Services,
    Snapshot,
    VersionMismatch,
    parse_integer,
)
from dataplane_plugins.changes.applying.desired_state import Target

_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Applied:
    """What a desired state has made of a version; `outcome` is None where nothing was done."""

    before: Snapshot
    after: Document
    outcome: Outcome | None

    @property
    def version(self) -> int:
        """The version that says what is desired."""
        return self.before.version if self.outcome is None else self.outcome.version


class Applier:
    """Commits what desired states make of the newest version."""

    def __init__(self, services: Services) -> None:
        self._config = services.config

    def planned(self, req: CheckedRequest, target: Target) -> Applied:
        """Return what would be done; raises `VersionMismatch` as `apply` does."""
        base = self._base(wanted_versions(req))
        return Applied(base, target.on(base.document), None)

    def apply(self, req: CheckedRequest, target: Target) -> Applied:
        """Make the desired state the newest version, unless it is that already.

        A change that is overtaken is made anew on the version that overtook it, unless the client
        says on which version it is to be made: then it is refused with `VersionMismatch`.
        """
        wanted = wanted_versions(req)
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            base = self._base(wanted)
            document = target.on(base.document)
            if document is base.document or document.text() == base.document.text():
                return Applied(base, base.document, None)
            try:
                return Applied(base, document, self._commit(req, base, document))
            except VersionMismatch:
                if wanted is not None or attempt == _MOST_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _commit(self, req: CheckedRequest, base: Snapshot, document: Document) -> Outcome:
        with self._config.edit(
            version=base.version,
            force_reload=bool(req.query.get("force_reload")),
            author=req.author,
            options=replace(req.change_options, if_match=()),
        ) as edit:
            edit.document = document
        return edit.outcome

    def _base(self, wanted: Iterable[int] | None) -> Snapshot:
        base = self._config.snapshot()
        if wanted is not None and base.version not in wanted:
            given = ", ".join(map(str, wanted)) or "none"
            raise VersionMismatch(
                f"version mismatch: version in configuration file is {base.version}, "
                f"given version is {given}"
            )
        return base


def wanted_versions(req: CheckedRequest) -> list[int] | None:
    """Return the versions that a client lets be changed, None for any."""
    version, tags = req.query.get("version"), req.change_options.if_match
    if version and tags:
        raise BadRequest("give the version in the query or in If-Match, and not in both")
    if version:
        return [version]
    if not tags or "*" in tags:
        return None
    return [number for tag in tags if (number := parse_integer(tag)) is not None]
