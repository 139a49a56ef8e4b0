"""The server's own interface, `/dataplane/v1`: what the Data Plane API has no words for.

It has no collections of its own. Objects that it speaks of have the names, paths and JSON that they
have in the newest version of the Data Plane API.
"""

from collections.abc import Iterator

from dataplane_core.api.routes import Route
from dataplane_core.api.v3 import V3
from dataplane_core.api.view import View
from dataplane_core.resources.origins import OWN_INTERFACE

INTRODUCTION = """\
What happens around a change of the configuration: who changed what and when, what a change would
do, and how to go back. The configuration itself is read and edited through `/v1`, `/v2` or `/v3`;
resources are named here by their paths in `/v3`.
"""


class OwnInterface(V3):
    """The facts of `/dataplane/v1`; its paths are those that plugins add for it (`Routes.add`)."""

    name = OWN_INTERFACE
    release = "v1"
    prefix = "/dataplane/v1"
    title = "HAProxy data plane: changes"
    introduction = INTRODUCTION

    def routes(self, view: View) -> Iterator[Route]:
        return iter(())
