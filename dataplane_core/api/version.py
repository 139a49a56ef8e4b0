"""An API version: what it is called, where it is served, and how its answers are wrapped.

Versions show the same declarations. Where they differ is said in few places: here, the facts; in a
module of each version (`v2`), its paths, which it makes of the responders in `rows` and `sections`
and of a way to name parents in `parents`; in its mask (`resources.masks`), what it lacks; on a
property (`Prop.names`, `Prop.types`), another name and another type.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from dataplane_core.api.operations import Fragment
from dataplane_core.errors import DataplaneError, Reference
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry


class ApiVersion(Protocol):
    """The facts of one version of the interface; its paths are in a module of its own (`v2`).

    `name` is that of the version (`v2`), `prefix` the path below which it is served (`/v2`).
    `release` is the release of the Data Plane API that the version follows. `title` and
    `introduction` stand on top of its specification, the latter in Markdown.

    Rows without a name are known by their place in the list, from 0. `index_parameter` is what
    paths call it; `index_property` is the property of the object that has it, None where the path
    alone says it. With `has_metadata`, objects show the comment of their line as `metadata`.
    With `writes_units`, new durations and sizes are written with the largest unit that divides
    them (`5s`), else as they are. `strict_choices` is as `Problem.of_choice` says.
    `strict_parameters`: a boolean in the query that is neither true
    nor false is refused. `null_is_empty`: the body `null` stands for an object without properties.
    `shows_empty`: the objects that a model says are empty (`Model.empty`) are shown, not left out.
    `shows_inherited`: `from` is shown where a section inherits without saying from which one, too.
    With `finds_first`, what a PUT replaces is looked for before rules between the properties of
    its body are judged. With `credentials_first`, paths and methods that do not exist ask for
    credentials, too.

    `deprecated` is the moment since which clients should use another version, None for one that is
    not deprecated. `successor` is the name of the version that takes its place, empty for the
    newest one.
    """

    name: str
    release: str
    prefix: str
    title: str
    introduction: str
    index_parameter: str
    index_property: str | None
    has_metadata: bool
    writes_units: bool
    strict_choices: bool
    strict_parameters: bool
    null_is_empty: bool
    shows_empty: bool
    shows_inherited: bool
    finds_first: bool
    credentials_first: bool
    deprecated: datetime | None
    successor: str

    def refusal(self, error: DataplaneError) -> tuple[int, int]:
        """Return the HTTP status of a failure, and the `code` in its body."""

    def wrap(self, version: int | None, data: Any) -> Any:
        """Return the answer to a GET that shows `data` as it was in a version.

        None stands for what has no version.
        """

    def envelope(
        self, schema: Fragment, *, required: bool = False, versioned: bool = True
    ) -> Fragment:
        """Return the schema of such an answer.

        `required`: it always holds something; `versioned`: what it shows has a version.
        """

    def naming(self, one: Collection) -> Naming:
        """Return the names of the operations and schemas of a collection."""

    def children(
        self, one: SectionCollection | SingleSection, registry: Registry
    ) -> Mapping[str, RowCollection]:
        """Return the rows that a section's own object can hold, by the name of the property.

        They are shown, and taken, where a request says `full_section=true`: indexed ones as a list,
        named ones as an object in which each stands under its name.
        """

    def location(self, one: Collection, reference: Reference, registry: Registry) -> str:
        """Return the path and query of an object of the collection `one`."""
