"""Say the record of a version in JSON: who made it, what it changed, how HAProxy got it."""

from collections.abc import Iterable
from typing import Any

from dataplane_core.plugin import (
    Author,
    TouchedObject,
    TrialRecord,
    VersionRecord,
    written_time,
)
from dataplane_plugins.changes.rendering import Rendering

_PEOPLE = ("name", "method", "address", "client", "interface")
DISCOVERY = "service discovery"
"""The name under which changes of the server's own service discovery are recorded."""


def record_json(
    record: VersionRecord,
    touched: Iterable[TouchedObject] | None,
    rendering: Rendering,
    trial: TrialRecord | None = None,
) -> dict[str, Any]:
    """Return the record of a version as JSON; what is not known is left out."""
    author, delivery = record.author, record.delivery
    found: dict[str, Any] = {
        "version": record.version,
        "time": written_time(record.created),
        "origin": origin(record),
        "state": state(record),
        "author": people_of(author),
        "reason": author.reason,
        "request_id": author.request_id,
        "transaction_id": record.transaction_id,
        "warnings": list(record.warnings),
        "failure": record.reason,
        "undone_by": record.undone_by,
        "text_of": record.text_of,
    }
    if delivery is not None and delivery.reload_id is not None:
        found["reload"] = {"id": delivery.reload_id, "reason": delivery.reason}
    elif delivery is not None:
        found["commands"] = list(delivery.commands)
    shown = {name: value for name, value in found.items() if value not in (None, "", [], {})}
    if trial is not None:
        shown["confirmation"] = _confirmation(trial)
    if touched is not None:
        shown["resources"] = [touched_json(one, rendering) for one in touched]
    return shown


def people_of(author: Author) -> dict[str, str]:
    """Return who asked for a change as JSON; what is not known is left out."""
    return {name: text for name in _PEOPLE if (text := getattr(author, name))}


def _confirmation(trial: TrialRecord) -> dict[str, Any]:
    """Return what became of a version that had to be confirmed."""
    found = {
        "state": trial.status,
        "before": written_time(trial.trial.before),
        "reason": trial.reason,
        "ended_by": trial.ended_by,
    }
    return {name: value for name, value in found.items() if value}


def touched_json(one: TouchedObject, rendering: Rendering) -> dict[str, Any]:
    """Return an object that a version touched as JSON."""
    reference = one.reference
    return {
        "resource": rendering.path(reference),
        "section": f"{reference.kind} {reference.section}".rstrip(),
        "change": one.change,
    }


def origin(record: VersionRecord) -> str:
    """Return what made a version, in the words of the interface."""
    if record.origin == "external":
        return "hand_edit"
    if record.origin == "restore":
        return "restore"
    if record.text_of is not None:
        return "rollback"
    if record.transaction_id is not None:
        return "transaction"
    return "discovery" if record.who == DISCOVERY else "request"


def state(record: VersionRecord) -> str:
    """Return what became of a version, in the words of the interface."""
    if record.status == "rolled back":
        return "rolled_back"
    if record.refused:
        return "refused"
    if record.applied:
        return "applied"
    if record.accepted:
        return "running"
    return "waits" if record.delivery is not None or not record.followed else "saved"
