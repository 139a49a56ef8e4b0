"""Answer questions about past versions."""

from collections.abc import Callable
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    BlamedLine,
    NotFound,
    Reference,
    Secrets,
    Services,
    VersionRecord,
    View,
    Wanted,
    encode_text,
    is_digits,
    lines_of,
    split_header,
    to_json,
    written_time,
)
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.past.paths import ResourcePaths
from dataplane_plugins.changes.past.records import DISCOVERY, origin, record_json
from dataplane_plugins.changes.past.times import read_time
from dataplane_plugins.changes.rendering import Rendering

NEWEST = "newest"
_MOST = 1000
_WANTED: dict[str, dict[str, Any]] = {
    "hand_edit": {"origin": "external"},
    "restore": {"origin": "restore"},
    "rollback": {"origin": "api", "rollbacks": True},
    "transaction": {"origin": "api", "rollbacks": False, "transactions": True},
    "request": {"origin": "api", "rollbacks": False, "transactions": False, "but": DISCOVERY},
    "discovery": {"origin": "api", "who": DISCOVERY},
}
"""What the archive is asked for, by what made a version."""


def number_of(services: Services, version: str) -> int:
    """Return the number that a path names; raises `BadRequest` for what is no number."""
    if version == NEWEST:
        return services.config.version()
    if not is_digits(version) or len(version) > 15:
        raise BadRequest(f"a version is a number, or `{NEWEST}`: {version[:40]!r}")
    return int(version)


class History:
    """The records of versions, the newest first."""

    def __init__(self, services: Services, view: View) -> None:
        self._archive = services.config.archive
        self._trials = services.config.trials.table
        self._rendering = Rendering(view)
        self._paths = ResourcePaths(view)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        limit = req.query["limit"]
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be between 1 and {_MOST}")
        records = self._archive.find(self._wanted(req), limit)
        touched = self._archive.objects(records)
        tried = self._trials.among(one.version for one in records)
        shown = (
            record_json(one, touched.get(one.version), self._rendering, tried.get(one.version))
            for one in records
        )
        resp.data = to_json([*shown])

    def _wanted(self, req: ApiRequest) -> Wanted:
        query = req.query
        times = {
            name: read_time(query[name], name) for name in ("since", "until") if query[name]
        }
        more: dict[str, Any] = dict(_WANTED[query["origin"]]) if query["origin"] else {}
        if query["who"]:
            if more.get("who", query["who"]) != query["who"]:
                more["before"] = 0  # nobody else does that
            more["who"] = query["who"]
        if query["resource"]:
            more["touched"] = self._paths.references(query["resource"])
        return Wanted(**{"before": query["before"], **times, **more})


class PastVersion:
    """One version: its record, and what it changed, in resources and in lines."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._archive = services.config.archive
        self._rendering = Rendering(view)

    def on_get(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        record = self._archive.get(number_of(self._services, version))
        touched = self._archive.objects([record])
        trial = self._services.config.trials.table.get(record.version)
        shown = record_json(record, touched.get(record.version), self._rendering, trial)
        shown.update(self._changes(record, raw=bool(req.query["with_secrets"])))
        resp.data = to_json(shown)

    def _changes(self, record: VersionRecord, *, raw: bool) -> dict[str, Any]:
        """Return what a version changed of the one before, if both texts are still kept."""
        former = self._archive.former(record.version)
        if former is None:
            return {}
        try:
            before, after = (self._archive.document(one.version) for one in (former, record))
        except NotFound:
            return {"former": former.version, "is_kept": False}
        names = f"version {former.version}", f"version {record.version}"
        left_out = LeftOut()
        return {
            "former": former.version,
            "is_kept": True,
            "changes": self._rendering.between(before, after, left_out),
            "diff": self._rendering.lines(before.text(), after.text(), names, left_out, raw=raw),
            **left_out.told(),
        }


class VersionText:
    """The text of one version, as it stood in the file."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services

    def on_get(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        text = self._services.config.archive.text(number_of(self._services, version))
        text = text if req.hiding is None else req.hiding.text(text)
        resp.content_type = "text/plain"
        resp.data = encode_text(text)


class Blame:
    """The lines of a version, or of one section or resource in it, with who wrote each."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._archive = services.config.archive
        self._paths = ResourcePaths(view)
        self._secrets = Secrets(view.registry)

    def on_get(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        number = number_of(self._services, version)
        lines = self._archive.blame(number)
        wanted = self._lines(number, self._references(req))
        if wanted is not None:
            lines = [line for line in lines if line.number in wanted]
        records = self._archive.records({line.version for line in lines})
        shown = str if req.query["with_secrets"] else self._secrets.concealed
        resp.data = to_json([_blamed(one, shown, records.get(one.version)) for one in lines])

    def _references(self, req: ApiRequest) -> list[Reference]:
        resource, section = req.query["resource"], req.query["section"]
        if resource and section:
            raise BadRequest("give resource or section, not both")
        if resource:
            return self._paths.references(resource)
        kind, _, name = section.partition(" ") if section else ("", "", "")
        return [Reference("", kind, name.strip())] if kind else []

    def _lines(self, version: int, references: list[Reference]) -> set[int] | None:
        """Return the numbers of the lines that references stand on; None for all lines."""
        if not references:
            return None
        head, _ = split_header(self._archive.text(version))
        document, registry = self._archive.document(version), self._services.registry
        found = {
            head.above(line) for one in references for line in lines_of(registry, document, one)
        }
        if not found:
            raise NotFound(f"version {version} has no such section or resource")
        return found


def _blamed(
    line: BlamedLine, text_of: Callable[[str], str], record: VersionRecord | None
) -> dict[str, Any]:
    text = text_of(line.text)
    shown: dict[str, Any] = {"line": line.number, "text": text, "version": line.version}
    if line.or_earlier:
        shown["or_earlier"] = True
    elif record is not None:
        shown.update(time=written_time(record.created), origin=origin(record))
        if record.who:
            shown["who"] = record.who
        if record.author.reason:
            shown["reason"] = record.author.reason
    return shown
