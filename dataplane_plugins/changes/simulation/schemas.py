"""The schemas of simulations."""

from typing import Any

_TEXT = {"type": "string"}


def _text(help: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": help, **more}


def _maybe(help: str, kind: str = "string") -> dict[str, Any]:
    return {"type": kind, "x-nullable": True, "description": help}


_PORT = {"type": "integer", "minimum": 0, "maximum": 65535}

EXPECTATION = {
    "type": "object",
    "description": "What is expected; what is not named may be anything.",
    "additionalProperties": False,
    "properties": {
        "backend": _maybe("Name of the backend; null for none."),
        "server": _maybe("Name of the server."),
        "outcome": _text("What becomes of the request."),
        "status": {"type": "integer", "description": "Status of the answer."},
        "location": _text("Where the answer leads to."),
        "url": _text("The URL that comes to the server."),
        "response_status": _maybe("Status of the response that comes to the client.", "integer"),
        "response_headers": {
            "type": "object", "additionalProperties": {"type": "string", "x-nullable": True},
            "description": "Header fields of that response; null for one that is not there.",
        },
    },
}  # fmt: skip

RESPONSE = {
    "type": "object",
    "description": "What the server answers: 200 without header fields unless given.",
    "additionalProperties": False,
    "properties": {
        "status": {"type": "integer", "minimum": 200, "maximum": 599,
                   "description": "Status, 200 unless given."},
        "headers": {"description": "Header fields: an object, or a list with name and value."},
        "body": _text("Body."),
    },
}  # fmt: skip

REQUEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": _text("What the request is called in the answer."),
        "frontend": _text("The frontend or listen section; needed where the file has several."),
        "bind": _text("Name or address of the bind line."),
        "method": _text("Method, GET unless given."),
        "url": _text("Path and query, or a whole URL, whose scheme, host and port then count."),
        "version": _text("Version of the protocol, as HTTP/2; HTTP/1.1 unless given."),
        "headers": {"description": "Header fields: an object, or a list with name and value."},
        "cookies": {"type": "object", "additionalProperties": _TEXT,
                    "description": "Cookies, by name."},
        "body": _text("Body."),
        "payload": _text("The first bytes of a connection that is no HTTP."),
        "payload_base64": _text("The same in base64."),
        "sni": _text("Server name of TLS: the connection speaks TLS, or begins as one."),
        "tls": {"type": "boolean", "description": "Whether the client speaks TLS."},
        "source": _text("Address of the client, 192.0.2.1 unless given."),
        "source_port": {**_PORT, "description": "Port of the client."},
        "destination": _text("Address that the client connects to."),
        "destination_port": {**_PORT, "description": "Port that the client connects to."},
        "response": {"$ref": "simulated_response"},
        "expect": {"$ref": "simulation_expectation"},
    },
}  # fmt: skip

QUESTION = {
    "type": "object",
    "required": ["requests"],
    "additionalProperties": False,
    "properties": {
        "requests": {"type": "array", "items": {"$ref": "simulated_request"}, "maxItems": 1000,
                     "description": "Requests, each independent of the others."},
        "defaults": {"type": "object", "additionalProperties": True,
                     "description": "What requests say that do not say it themselves."},
        "state": _text(
            "configured: servers are up, tables empty, maps as in their files. running: all of "
            "that as it is now in the running HAProxy, of which it is copied.",
            enum=["configured", "running"],
        ),
        "transaction": _text("Simulate on what a transaction would make of the configuration."),
        "text": _text("Simulate on this configuration."),
    },
}  # fmt: skip

PARTS = frozenset(("requests", "defaults", "state", "transaction", "text"))
"""The properties of a body that asks for simulations."""

_REASON = {
    "type": "object",
    "x-nullable": True,
    "description": "What has decided, with its line and its path.",
    "properties": {
        "text": _TEXT,
        "line": {"type": "integer"},
        "resource": {"type": "string", "x-nullable": True},
    },
}

_RULE = {
    "type": "object",
    "properties": {
        "section": _text("The section that has the rule."),
        "line": {"type": "integer", "description": "Its line in the file."},
        "resource": _maybe("Its path."),
        "does": _text("The rule without its condition."),
        "condition": _maybe("Its condition."),
        "state": _text("How it went.", enum=["matched", "not_matched", "not_reached"]),
        "phase": _text("What it is for.", enum=["request", "response"]),
    },
}

_REMARK = {
    "type": "object",
    "properties": {"text": _TEXT, "line": {"type": "integer", "x-nullable": True}},
}

RESULT = {
    "type": "object",
    "properties": {
        "name": _text("What the request is called."),
        "frontend": _text("Where it came in."),
        "bind": _text("The bind line by which it came in."),
        "outcome": _text(
            "What became of it: HAProxy forwards it, answers it itself, closes the connection, "
            "refuses it before a request is read, has no server for it, or has not decided.",
            enum=["forwarded", "answered", "closed", "refused", "no_server", "unknown"],
        ),
        "decided_by": {**_REASON, "description": "The rule that answered, closed or refused it."},
        "backend": _maybe("The backend that got it."),
        "backend_because": _REASON,
        "server": _maybe("The server, where it can be told."),
        "server_because": _REASON,
        "candidates": {"type": "array", "items": _TEXT,
                       "description": "The servers that it may go to, where that is not told."},
        "status": _maybe("Status of HAProxy's own answer.", "integer"),
        "location": _maybe("Where HAProxy's answer leads to."),
        "termination": _maybe("HAProxy's termination state."),
        "forwarded": {
            "type": "object", "x-nullable": True,
            "description": "The request as it comes to the server.",
            "properties": {
                "method": _TEXT, "url": _TEXT,
                "headers": {"type": "array", "items": {"type": "object", "properties": {
                    "name": _TEXT, "value": _TEXT}}},
            },
        },
        "response_status": _maybe("Status of the response that comes to the client.", "integer"),
        "response_headers": {
            "type": "array", "x-nullable": True,
            "items": {"type": "object", "properties": {"name": _TEXT, "value": _TEXT}},
            "description": "Its header fields, as rules for responses have left them.",
        },
        "response_because": {**_REASON, "description": "The rule that has replaced the server's."},
        "rules": {"type": "array", "items": _RULE,
                  "description": "Rules on the way, in the order of evaluation."},
        "remarks": {"type": "array", "items": _REMARK,
                    "description": "What is not as in truth, or cannot be told."},
        "before": {"type": "object", "additionalProperties": True,
                   "description": "Where the newest version does otherwise: both values."},
        "elsewhere": {"type": "boolean",
                      "description": "Whether the change treats the request otherwise."},
        "failures": {"type": "array", "items": _TEXT,
                     "description": "What is not as expected, in a sentence each."},
    },
}  # fmt: skip

ANSWER = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": {"$ref": "simulation"},
                    "description": "In the order of the requests."},
        "elsewhere": {"type": "integer", "description": "Requests that a change sends elsewhere."},
        "failed": {"type": "integer", "description": "Requests that are not treated as expected."},
        "isolated": {"type": "boolean",
                     "description": "Whether the kernel keeps the process from the network."},
    },
}  # fmt: skip
