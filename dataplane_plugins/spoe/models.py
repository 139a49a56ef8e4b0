"""What stands in a SPOE file (doc/SPOE.txt, section 2): agents, messages and groups."""

from collections.abc import Iterable
from typing import Any

from dataplane_core.plugin import (
    ASSIGNED,
    BACKENDS,
    Model,
    NameOf,
    Prop,
    Registry,
    Statement,
    choose,
    duration,
    gathered,
    group,
    integer,
    keyword,
    nested,
    nothing,
    one_of,
    rest,
    rule,
    statement,
    word,
)

VARIABLE = r"^[A-Za-z0-9-_.]+$"
EVENTS = (
    *("on-backend-http-request", "on-backend-tcp-request", "on-client-session"),
    *("on-frontend-http-request", "on-frontend-tcp-request", "on-http-response"),
    *("on-server-session", "on-tcp-response"),
)


def _names(head: str, name: str, help: str, **more: Any) -> Statement:
    term = rest(name, help=help, **more)
    return gathered(head, term, examples=[f"{head} one two"], rejects=[head])


def _switch(name: str, help: str) -> Statement:
    heads = {"enabled": (f"option {name}", nothing), "disabled": (f"no option {name}", nothing)}
    return choose(name, heads, examples=[f"option {name}", f"no option {name}"], help=help)


def _option(name: str, help: str) -> Statement:
    head = f"option {name}"
    term = word(f"option_{name}", VARIABLE, help=help)
    return statement(head, term, examples=[f"{head} spoe"], rejects=[head])


def _number(name: str, help: str) -> Statement:
    return statement(name, integer(name, help=help), examples=[f"{name} 100"], rejects=[name])


def _timeout(name: str, help: str) -> Statement:
    head = f"timeout {name}"
    term = duration(f"{name}_timeout", help=help)
    return statement(head, term, examples=[f"{head} 2s", f"{head} 1500"], rejects=[head])


_MESSAGES = NameOf("spoe-message", each=True)

_AGENT = (
    _number("maxconnrate", "Connections to the agent's servers a second at most."),
    _number("maxerrrate", "Errors a second at which the agent is left alone."),
    _number("max-frame-size", "Largest frame, in bytes."),
    _number("max-waiting-frames", "Frames that may wait for an answer on one connection."),
    _names(
        "messages", "messages", "Messages that the agent is sent, one blank between.",
        refers_to=_MESSAGES,
    ),
    _switch("async", "Take answers on other connections than the question's."),
    keyword(
        "option continue-on-error", "continue-on-error", "enabled",
        help="Go on with further events of a stream after an error.",
    ),
    _switch("dontlog-normal", "Log only what goes wrong."),
    keyword(
        "option force-set-var", "force-set-var", "enabled",
        help="Set variables that nothing in the configuration names.",
    ),
    _switch("pipelining", "Send frames before earlier ones are answered."),
    _switch("send-frag-payload", "Send what does not fit into a frame in pieces."),
    _option("set-on-error", "Variable that is set when an error occurs."),
    _option("set-process-time", "Variable that holds how long an event took."),
    _option("set-total-time", "Variable that holds how long all events took."),
    _option("var-prefix", "What the names of the agent's variables start with."),
    _names("register-var-names", "register-var-names", "Variables that the agent may set."),
    _timeout("hello", "Longest wait for the agent's greeting, in milliseconds."),
    _timeout("idle", "Longest time without traffic on a connection, in milliseconds."),
    _timeout("processing", "Longest wait for an answer, in milliseconds."),
    statement(
        "use-backend",
        word(
            "use-backend", None, refers_to=NameOf(*BACKENDS),
            help="Backend with the agent's servers.",
        ),
        examples=["use-backend agents"], rejects=["use-backend"],
    ),
)  # fmt: skip

_EVENT = statement(
    "event",
    group("event", rule(one_of("name", *EVENTS, required=True, help="When it is sent."))),
    examples=["event on-client-session", "event on-frontend-http-request if is_api"],
    rejects=["event", "event on-nothing"],
)

_ENGINE_NAME = Prop("engine-name", read_only=True, help="Ignored: the engine's name is the scope.")


class AgentModel(Model):
    """The lines of an agent, and the property `engine-name`, for which HAProxy has no keyword.

    Who sends it is not refused, and nothing is written.
    """

    def declared(self) -> Iterable[Prop]:
        return (*super().declared(), _ENGINE_NAME)


GROUP = Model(
    "spoe_group",
    _names(
        "messages", "messages", "Messages of the group, one blank between.", refers_to=_MESSAGES
    ),
)


ROWS = {
    "spoe-agent": ("log", "log_targets", "Where the agent's own messages are logged."),
    "spoe-message": ("acl", "acls", "Conditions that the event may refer to."),
}
"""For kinds of sections: the property that lists rows of a collection, the collection, its help."""


def agent(*rows: Statement) -> Model:
    """Return the lines of an agent, with `rows` among them."""
    return AgentModel(
        "spoe_agent",
        _names(
            "groups", "groups", "Groups of messages that rules may send, one blank between.",
            refers_to=NameOf("spoe-group", each=True),
        ),
        *rows,
        *_AGENT,
    )


def message(*rows: Statement) -> Model:
    """Return the lines of a message, with `rows` among them."""
    return Model(
        "spoe_message",
        *rows,
        _names(
            "args", "args", "What is sent: sample expressions, each with an optional name=.",
            refers_to=ASSIGNED,
        ),
        _EVENT,
    )


def numbered_rows(registry: Registry, kind: str) -> list[Statement]:
    """Return the rows of a kind of section as a numbered list; nothing if no plugin has them."""
    name, collection, help = ROWS[kind]
    rows = registry.declared_rows(collection)
    return [] if rows is None else [nested(name, rows.table.statement, numbered=True, help=help)]
