"""An API version: what it is called, where it is served, and how its answers are wrapped."""

from typing import Any, Protocol

from dataplane_core.api.operations import Fragment
from dataplane_core.errors import Reference
from dataplane_core.resources.collections import Collection


class ApiVersion(Protocol):
    """The facts of one version of the interface; its paths are in a module of its own (`v2`).

    `name` is that of the version (`v2`), `prefix` the path below which it is served (`/v2`).
    `release` is the release of the Data Plane API that the version follows. `title` and
    `introduction` stand on top of its specification, the latter in Markdown.
    """

    name: str
    release: str
    prefix: str
    title: str
    introduction: str

    def wrap(self, version: int, data: Any) -> Any:
        """Return the answer to a GET of the configuration: `data` as it was in a version."""

    def envelope(self, schema: Fragment, required: bool = False) -> Fragment:
        """Return the schema of such an answer; `required` if it always holds something."""

    def location(self, one: Collection, reference: Reference) -> str:
        """Return the path and query of an object of the collection `one`."""
