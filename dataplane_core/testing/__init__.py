"""What tests of plugins use: servers, clients, a Runtime API, laws of declarations, recorded cases.

pytest has all of it as fixtures, options and tests once the server is installed: see
`dataplane_core.testing.pytest_plugin`. Nothing of it is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataplane_core.grammar.laws import breaches
    from dataplane_core.testing.cases import RecordedCase, read_cases
    from dataplane_core.testing.client import Answer, Client
    from dataplane_core.testing.configuration import TemporaryConfiguration
    from dataplane_core.testing.laws import Bench, Law, NotJudged, declared_laws
    from dataplane_core.testing.runtime import FakeRuntime
    from dataplane_core.testing.server import LocalServer

_HOMES = {
    "Answer": "dataplane_core.testing.client",
    "Bench": "dataplane_core.testing.laws",
    "Client": "dataplane_core.testing.client",
    "FakeRuntime": "dataplane_core.testing.runtime",
    "Law": "dataplane_core.testing.laws",
    "LocalServer": "dataplane_core.testing.server",
    "NotJudged": "dataplane_core.testing.laws",
    "RecordedCase": "dataplane_core.testing.cases",
    "TemporaryConfiguration": "dataplane_core.testing.configuration",
    "breaches": "dataplane_core.grammar.laws",
    "declared_laws": "dataplane_core.testing.laws",
    "read_cases": "dataplane_core.testing.cases",
}

__all__ = [
    # A server, a configuration, a client.
    "LocalServer", "TemporaryConfiguration", "Client", "Answer", "FakeRuntime",
    # Laws of declarations.
    "declared_laws", "Law", "Bench", "NotJudged", "breaches",
    # Recorded cases.
    "RecordedCase", "read_cases",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for: whoever runs other tests pays for none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
