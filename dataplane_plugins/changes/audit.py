"""Keep a file of who changed what, which shows whether somebody changed it: `dataplane.audit_file`.

Versions, and what became of them, are told from the events of the state: none is left out, whoever
made it and whatever died meanwhile. All else is told of the requests, before they are answered.
With `dataplane.audit_required` each request for a change is told before it is carried out, too, and
refused where that fails.
"""

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataplane_core.plugin import (
    Answered,
    Asked,
    AuditEnd,
    AuditTrail,
    DataplaneError,
    Event,
    Fact,
    Gauge,
    Services,
    Settings,
    SettingsError,
    StorageFailed,
    StorageFull,
    conceal,
    impl,
    lazy_pattern,
)
from dataplane_plugins.changes.audit_limits import AuditLimits

_LOOK = 0.5  # seconds between two looks for versions that no request has made
_KINDS = ("version", "rolled_back", "refused")
_NAMES = {"refused": "edit_refused"}
"""Kinds of events with another name in the file, where `refused` is a request."""
_SAFE = frozenset({"plan", "diff", "compare", "simulate", "validate"})
"""Last words of paths whose POST changes nothing."""

_TRANSACTIONS = lazy_pattern(r"/v\d+/services/haproxy/transactions(?:/|$)")
"""Paths of transactions of the configuration: the version that comes of one is told."""

PLUGIN_HOOKS_NEED = {
    "dataplane_asked": "dataplane.audit_required",
    "dataplane_answered": "dataplane.audit_file",
}
"""Settings without which these hooks do nothing."""

Record = dict[str, Any]


_REFUSED = "no change is made that the audit file does not have: {}"


class NotAudited(DataplaneError):
    """A change that cannot be told, where all have to be."""

    status = 503


class Auditor:
    """Writes the audit file of a server."""

    def __init__(self, services: Services) -> None:
        self._events, self._history = services.events, services.config.history
        self._config = services.config
        self._trail = AuditTrail(Path(services.settings.dataplane.audit_file), services.state)
        self._limits = AuditLimits(services.state)

    def answered(self, request: Answered) -> None:
        """Tell of a request, and of the versions up to now; raises `StorageFailed`."""
        self._trail.append(lambda end: self._records(end, request))

    def asked(self, request: Asked) -> None:
        """Tell of a request that is to be carried out; raises where that cannot be told."""
        try:
            self._trail.append(lambda end: self._asked(end, request))
        except StorageFull as error:
            raise StorageFull(_REFUSED.format(error.message)) from error
        except StorageFailed as error:
            raise NotAudited(_REFUSED.format(error.message)) from error

    def _asked(self, end: AuditEnd, request: Asked) -> Iterator[Record]:
        records = [*self._records(end, None)]
        yield from records
        at = records[-1]["event_id"] if records else end.event or 0
        yield _timed({"event": "asked", **_said(request), "author": asdict(request.author)}, at)

    def catch_up(self) -> None:
        """Tell of the versions up to now, and of what was left out; raises `StorageFailed`."""
        end = self._trail.end()
        news = end.event is None or self._events.after(end.event, 1, _KINDS)
        if news or self._limits.has_left_out(time.time()):
            self._trail.append(lambda end: self._records(end, None))

    def _records(self, end: AuditEnd, request: Answered | None) -> Iterator[Record]:
        told: set[str] = set()
        at = end.event
        newest = self._events.newest()
        if at is None or at > newest:  # no chain yet, or one of a state that is gone
            at = newest if at is None else 0
            yield _timed({"event": "begin"}, at)
        elif (oldest := self._events.oldest()) > at + 1:
            yield _timed({"event": "gap", "first": at + 1, "last": oldest - 1}, oldest - 1)
        while page := self._events.after(at, kinds=_KINDS):
            for event in page:
                at = event.id
                told.add(event.values.get("request_id") or "")
                yield self._of_event(event)
        for kind, number in self._limits.take_left_out(time.time()):
            yield _timed({"event": "left_out", "of": kind, "number": number}, at)
        if request is not None and (kind := _kind_of(request, told)):
            limited = kind in ("login_failed", "refused")
            if not limited or self._limits.permits(kind, time.time()):
                yield _timed({"event": kind, **_of_request(request)}, at)

    def _of_event(self, event: Event) -> Record:
        """Return what is told of a version, with its text's digest and all that its author said."""
        values = event.values
        kind = _NAMES.get(event.kind, event.kind)
        record = {"time": event.time, "event": kind, "event_id": event.id, **values}
        if event.kind == "version":
            known = self._history.get(values["version"])
            record["digest"] = known.digest if known else None
            record["author"] = {"name": values.get("user", ""), **(values.get("author") or {})}
            if dangers := self._dangers(values["version"]):
                record["dangerous"] = dangers
        return record

    def _dangers(self, version: int) -> list[str]:
        """Return the lines of a version that open the system and are not in the one before."""
        archive = self._config.archive
        try:
            former = archive.former(version)
            if former is None:
                return []
            before, after = archive.document(former.version), archive.document(version)
        except DataplaneError:
            return []  # its text is not kept any more
        return [*self._config.dangers(before, after)]


def _timed(values: Record, event_id: int) -> Record:
    now = Event(event_id, time.time(), "", "")
    return {"time": now.time, **values, "event_id": event_id}


def _kind_of(request: Answered, told: set[str]) -> str:
    """Return what a request is in the file; empty where it says nothing that is not there."""
    if request.status == 401:
        return "login_failed"
    path = request.path.rstrip("/")
    is_trial = request.is_trial or _changes_nothing(path)
    if is_trial and request.status != 403:
        return ""
    if request.status >= 400:
        return "refused"
    is_step = request.is_step or _TRANSACTIONS.match(path)
    if request.is_read or is_step or request.author.request_id in told:
        return ""
    return "runtime" if "/runtime/" in path else "request"


def _of_request(request: Answered) -> Record:
    asked, said = _said(request), {"message": conceal(request.message)} if request.message else {}
    return {**asked, "status": request.status, **said, "author": asdict(request.author)}


def _said(request: Asked | Answered) -> Record:
    """Return what a request asked for, without secrets in its query."""
    query = conceal(f"?{request.query}")[1:] if request.query else request.query
    return {"method": request.method, "path": request.path, "query": query}


def _changes_nothing(path: str) -> bool:
    """Return whether requests to a path of our own that are no reads change nothing either."""
    return path.startswith("/dataplane/") and path.rpartition("/")[2] in _SAFE


def _why_not(path: Path) -> str:
    """Return why a line could not be appended to a file now; empty if it could."""
    try:
        handle = os.open(path if path.exists() else path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            full = not os.fstatvfs(handle).f_bavail
        finally:
            os.close(handle)
        if path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    except OSError as error:
        return os.strerror(error.errno or 0)
    return os.strerror(errno.ENOSPC) if full else ""


@impl
def dataplane_settings(settings: Settings) -> None:
    """Refuse a file in a folder that is not there: nothing would be told, and nobody notice."""
    path = settings.dataplane.audit_file
    folder = Path(path).absolute().parent
    if path and not folder.is_dir():
        said = f"cannot be written: the folder {folder} does not exist"
        raise SettingsError((settings.problem("dataplane.audit_file", said),))


@impl
def dataplane_asked(asked: Asked, services: Services) -> None:
    """Write who asks for a change before it is made, where no change may be without that."""
    settings, path = services.settings.dataplane, asked.path.rstrip("/")
    if not settings.audit_required or not settings.audit_file or _changes_nothing(path):
        return
    if not _TRANSACTIONS.match(path) or asked.method == "PUT":
        Auditor(services).asked(asked)


@impl
def dataplane_answered(answered: Answered, services: Services) -> None:
    """Write who asked for a change, and who was not let in."""
    if services.settings.dataplane.audit_file:
        Auditor(services).answered(answered)


@impl
def dataplane_start(services: Services) -> None:
    """Write the versions that no request has made, in the worker that leads."""
    if services.settings.dataplane.audit_file:
        services.lead("audited", lambda stop: _catch_up(services, stop))


def _catch_up(services: Services, stop: threading.Event) -> None:
    auditor, failed = Auditor(services), False
    while True:
        try:
            auditor.catch_up()
            failed = False
        except DataplaneError as error:
            if not failed:
                services.log.error("the audit file is not written: %s", error.message)
            failed = True
        if stop.wait(_LOOK):
            return


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Tell whether the audit file has all that it should."""
    path = services.settings.dataplane.audit_file
    if path:
        end = AuditTrail(Path(path), services.state).end()
        waiting = len(services.events.after(end.event or 0, kinds=_KINDS))
        text = f"{path} has {end.seq} lines"
        said = f"{text}; {waiting} versions are not told yet" if waiting else text
        reason = _why_not(Path(path))
        if reason:
            said = f"{said}; it cannot be written: {reason}"
            if services.settings.dataplane.audit_required:
                said += ", and changes are refused"
        yield Fact("audit", said, bad=bool(reason), doubtful=waiting > 0)


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Tell whether the audit file can be written, and how many versions it lacks."""
    path = services.settings.dataplane.audit_file
    if path:
        end = AuditTrail(Path(path), services.state).end()
        waiting = len(services.events.after(end.event or 0, kinds=_KINDS))
        writable = not _why_not(Path(path))
        yield Gauge("audit_writable", "Whether the audit file can be written.", writable)
        yield Gauge("audit_waiting", "Versions that the audit file lacks yet.", waiting)
