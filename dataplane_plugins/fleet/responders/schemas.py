"""What the answers of `/dataplane/v1/fleet` look like."""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_TIME: dict[str, Any] = {**_TEXT, "format": "date-time"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_FLAG: dict[str, Any] = {"type": "boolean"}
_AUTHOR: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}
NODE = {
    "type": "object",
    "required": ["name", "is_alive"],
    "properties": {
        "name": _TEXT,
        "group": _TEXT,
        "is_alive": {**_FLAG, "description": "Whether it has been heard of lately."},
        "state": {
            **_TEXT,
            "description": "`applied`: it has what it may have; `taking`: it brings it to HAProxy; "
            "`held`: it waits for its wave; `refused`: HAProxy there did not take it; `apart`: "
            "what was changed there does not go with it; `waiting`: something else is missing.",
        },
        "revision": {**_NUMBER, "description": "What it has."},
        "version": _NUMBER,
        "wanted": {**_NUMBER, "description": "The newest revision that it knows of."},
        "reason": _TEXT,
        "findings": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": True},
            "description": "HAProxy's own words there: `message`, `severity`, `line`, `section`, "
            "and the path of the object as `resource`.",
        },
        "haproxy": _TEXT,
        "gate": {**_TEXT, "description": "`watching`, `passed`, or why HAProxy did not pass."},
        "since": _TIME,
        "alarm": {**_TEXT, "description": "What a stranger has done to the store of late."},
    },
}
REVISION = {
    "type": "object",
    "properties": {
        "revision": _NUMBER,
        "version": _NUMBER,
        "node": {**_TEXT, "description": "The member that took the change."},
        "time": _TIME,
        "author": _AUTHOR,
        "files": {**_TEXTS, "description": "The files beside the configuration that it changes."},
        "text_of": {**_NUMBER, "description": "The revision that is put back."},
    },
}
STRATEGY = {
    "type": "object",
    "properties": {
        "waves": _TEXTS, "pause": _NUMBER, "timeout": _NUMBER, "on_failure": _TEXT,
        "gate_min_up": _NUMBER, "gate_max_5xx": _NUMBER, "gate_window": _NUMBER,
        "gate_backends": _TEXTS,
    },
}  # fmt: skip
ROLLOUT = {
    "type": "object",
    "properties": {
        "revision": _NUMBER,
        "version": _NUMBER,
        "former": {**_NUMBER, "description": "The revision that a rollback puts back."},
        "state": {
            **_TEXT,
            "enum": ["running", "paused", "done", "stopped", "aborted", "returning", "rolled_back"],
        },
        "waves": {"type": "array", "items": _TEXTS},
        "wave": {**_NUMBER, "description": "The index of the wave that is under way."},
        "strategy": {"$ref": "fleet_strategy"},
        "reason": _TEXT,
        "excluded": _TEXTS,
        "overlays": {**_TEXTS, "description": "Whose own it changes: `group/edge`."},
        "log": {
            "type": "array",
            "items": {"type": "object", "properties": {"time": _TIME, "text": _TEXT}},
        },
        "made": {"$ref": "fleet_revision"},
        "progress": {
            "type": "array",
            "description": "How far it is with each member.",
            "items": {
                "type": "object",
                "properties": {
                    "name": _TEXT, "is_alive": _FLAG, "state": _TEXT, "since": _TIME,
                    "reason": _TEXT, "gate": _TEXT, "excluded": _FLAG,
                    "wave": {**_NUMBER, "description": "Its wave from 1 on; 0: in none."},
                    "has": {**_FLAG, "description": "Whether it has the revision."},
                },
            },
        },
    },
}
OVERLAY = {
    "type": "object",
    "properties": {
        "kind": {**_TEXT, "enum": ["group", "node"]},
        "name": _TEXT,
        "diff": {**_TEXT, "description": "The lines that differ from what all members share."},
        "changes": {
            "type": "array",
            "description": "The objects that differ, with their properties.",
            "items": {"type": "object", "additionalProperties": True},
        },
        "left_out": {"type": "object", "additionalProperties": _NUMBER},
    },
}
FLEET = {
    "type": "object",
    "required": ["fleet", "node", "reachable", "nodes", "alarms"],
    "properties": {
        "fleet": _TEXT,
        "node": {**_TEXT, "description": "The member that answers."},
        "reachable": {**_FLAG, "description": "Whether it reaches the store."},
        "leader": {**_TEXT, "description": "The member that drives roll-outs."},
        "newest": {"$ref": "fleet_revision"},
        "nodes": {"type": "array", "items": {"$ref": "fleet_node"}},
        "rollout": {"$ref": "fleet_rollout"},
        "left_out": {**_NUMBER, "description": "Members that are not in this answer."},
        "alarms": {**_TEXTS, "description": "What somebody should look at."},
    },
}
ANSWER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {**_TEXT, "description": "The member."},
        "error": {**_TEXT, "description": "Why it has not done it."},
        "result": {"description": "What it has answered."},
    },
}
_COUNTERS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": _NUMBER},
}
TRAFFIC = {
    "type": "object",
    "properties": {
        "total": {**_COUNTERS, "description": "The sums, by `frontend NAME` and `backend NAME`."},
        "nodes": {"type": "array", "items": {"$ref": "fleet_answer"}},
    },
}
MENDED = {
    "type": "object",
    "properties": {
        "record": {**_TEXT, "description": "The key of the store."},
        "is_right": {**_FLAG, "description": "Whether it is as it should be now."},
        "text": {**_TEXT, "description": "What was done, or why nothing was."},
    },
}
SCHEMAS = {
    "fleet": FLEET, "fleet_node": NODE, "fleet_revision": REVISION, "fleet_rollout": ROLLOUT,
    "fleet_strategy": STRATEGY, "fleet_overlay": OVERLAY,
    "fleet_answer": ANSWER, "fleet_mended": MENDED, "fleet_traffic": TRAFFIC,
}  # fmt: skip
"""All of them, by their names."""
