"""Ways of changing a configuration that clients have in common."""

from tests.clients.replay import Call
from tests.harness.server import CONFIGURATION, TRANSACTIONS

ASK_VERSION = Call("GET", f"{CONFIGURATION}/version", keep={"version": ""})
ASK_VERSION_OF_TEXT = Call("GET", f"{CONFIGURATION}/raw", keep={"version": "_version"})
"""How clients learn a version that do not know of `/configuration/version`."""


def begin(ask: Call = ASK_VERSION) -> tuple[Call, Call]:
    """Learn the version and begin a transaction."""
    told = {"status": "in_progress"}
    path = f"{TRANSACTIONS}?version={{version}}"
    return ask, Call("POST", path, status=201, told=told, keep={"id": "id"})


def commit(query: str = "") -> Call:
    """Commit the transaction: 202 names the reload that follows."""
    path = f"{TRANSACTIONS}/{{id}}{query}"
    return Call("PUT", path, status=(200, 202), told={"id": "{id}", "status": "success"})


def in_transaction(*calls: Call, ask: Call = ASK_VERSION) -> tuple[Call, ...]:
    """A transaction around some calls."""
    return (*begin(ask), *calls, commit())


def each_in_transaction(*calls: Call, ask: Call = ASK_VERSION) -> tuple[Call, ...]:
    """A transaction for each call by itself, as Terraform's providers have it."""
    return tuple(one for call in calls for one in in_transaction(call, ask=ask))
