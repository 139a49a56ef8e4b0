"""Make the specification, with apispec, of the routes and schemas that serve requests.

Imported when a document is first asked for; it is made once for each form and API version.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls

from dataplane_core import __version__
from dataplane_core.api.checked_request import READS
from dataplane_core.api.examples import example
from dataplane_core.api.forms import JSON, PARAMETERS, DocumentForm, form_of
from dataplane_core.api.operations import Body, Fragment, Parameter
from dataplane_core.api.refusals import SHARED, answers, can_be_followed, followed
from dataplane_core.api.routes import Route, Tag
from dataplane_core.api.tags import tags
from dataplane_core.api.version import ApiVersion
from dataplane_core.api.view import View
from dataplane_core.codec.codec import Codec
from dataplane_core.dataclass import dataclass
from dataplane_core.resources.collections import Collection, SingleSection

ERROR: Mapping[str, Any] = {
    "type": "object",
    "description": "What went wrong.",
    "required": ["code", "message"],
    "example": {"code": 400, "message": "What is wrong, and what would be right."},
    "properties": {
        "code": {"type": "integer", "x-nullable": True},
        "message": {"type": "string", "x-nullable": True},
        "findings": {
            "type": "array",
            "description": "What HAProxy says about a configuration that it refuses.",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "x-nullable": True},
                    "severity": {"type": "string"},
                    "message": {"type": "string"},
                    "section": {"type": "string", "x-nullable": True},
                    "resource": {"type": "string", "x-nullable": True},
                },
            },
        },
    },
}
CONTACT = {"name": "The operators of this server"}
LICENCE = {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}


@dataclass(frozen=True, slots=True)
class Interface:
    """The routes of one API version and the names that they use, for its specification.

    `view` names the objects; it is of another version where `version` has no collections.
    `tags` and `definitions` are those of plugins. `is_authorized`: a plugin decides who may do
    what, so that any operation may be refused. Changes take the parameters `of_changes`.
    """

    version: ApiVersion
    view: View
    routes: Sequence[Route]
    tags: Mapping[str, Tag]
    definitions: Mapping[str, Fragment]
    is_authorized: bool
    of_changes: tuple[Parameter, ...] = ()

    @property
    def collections(self) -> Sequence[Collection]:
        """The collections of the version."""
        return self.view.collections if self.view.version is self.version else ()

    def bodies(self) -> Iterator[Body]:
        """Yield what the operations take."""
        for route in self.routes:
            for operation in route.operations.values():
                if operation.body is not None:
                    yield operation.body


def build(interface: Interface, openapi: str) -> dict[str, Any]:
    """Return the document in the form `openapi`: `2.0`, `3.0.3` or `3.1.0`."""
    form = form_of(openapi)
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    version = interface.version
    used = [operation.tag for route in interface.routes for operation in route.operations.values()]
    about = {"description": version.introduction, "contact": CONTACT, "license": LICENCE}
    spec = APISpec(
        version.title, __version__, openapi, plugins=[plugin], info=about,
        tags=tags(interface.view, interface.tags, used), **form.options(version),
    )  # fmt: skip
    _define(spec, form, interface)
    referred: set[str] = set()
    for route in interface.routes:
        operations = {}
        for method, declared in route.operations.items():
            operation = route.complete(declared)
            changes = method not in READS
            if changes and interface.of_changes and can_be_followed(operation):
                operation = followed(operation, interface.of_changes)
            found = answers(operation, interface.is_authorized, changes=changes)
            complete = replace(operation, responses=found)
            operations[method.lower()] = described = form.operation(complete)
            referred |= {one for one in described["responses"].values() if isinstance(one, str)}
        spec.path(path=route.template, operations=operations)
    for name in sorted(referred):
        spec.components.response(name, form.response(SHARED[name], JSON))
    document: dict[str, Any] = form.fragment(spec.to_dict())
    _leave_out_unused(document, form, interface.definitions)
    return document


def _leave_out_unused(document: dict[str, Any], form: DocumentForm, names: Iterable[str]) -> None:
    """Remove what plugins define for paths that the version does not have."""
    *above, last = form.schemas.split("/")
    holder = document
    for name in above:
        holder = holder[name]
    schemas, used = holder[last], set[str]()
    waiting = {*_referred(document["paths"], form), *_referred(document.get("responses"), form)}
    while waiting:
        name = waiting.pop()
        used.add(name)
        waiting |= set(_referred(schemas.get(name), form)) - used
    for name in set(names) - used:
        schemas.pop(name, None)


def _referred(value: Any, form: DocumentForm) -> Iterator[str]:
    """Yield the names of the schemas that a part of a document refers to."""
    if isinstance(value, dict):
        name = value.get("$ref")
        if isinstance(name, str) and name.startswith(f"#/{form.schemas}/"):
            yield name.rpartition("/")[2]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _referred(inner, form)


def _define(spec: APISpec, form: DocumentForm, interface: Interface) -> None:
    """Add what operations refer to by name: schemas and parameters."""
    examples = _examples(interface)
    codecs = _codecs(interface)
    # What others refer to is defined before them, so that it keeps its own name and example.
    for name, codec in sorted(codecs.items(), key=lambda item: bool(item[1].children)):
        spec.components.schema(name, examples.get(name, {}), schema=codec.schema_class)
    for name, fragment in _definitions(interface):
        spec.components.schema(name, component=form.fragment(fragment))
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, "query", form.parameter(parameter))


def _schema_name(schema: Any) -> str:
    found = resolve_schema_cls(schema)
    return found.__name__ if isinstance(found, type) else ""


def _codecs(interface: Interface) -> dict[str, Codec]:
    found = {}
    for body in interface.bodies():
        if isinstance(body.codec, Codec):
            found[body.codec.name] = body.codec
    for one in interface.collections:  # some are only read
        found.setdefault(interface.view.version.naming(one).schema, interface.view.codec(one))
    return found


def _examples(interface: Interface) -> dict[str, dict[str, Any]]:
    """Return the members `example` of the definitions that have one."""
    found: dict[str, dict[str, Any]] = {}
    # One schema may be that of named sections and of the last of them: the name makes it both's.
    for one in sorted(interface.collections, key=lambda one: isinstance(one, SingleSection)):
        shown = example(one, interface.view.codec(one))
        if shown is not None:
            found.setdefault(interface.view.version.naming(one).schema, {"example": shown})
    for body in interface.bodies():
        if isinstance(body.codec, Codec) and body.example is not None:
            found.setdefault(body.codec.name, {"example": body.example})
    return found


def _definitions(interface: Interface) -> Iterator[tuple[str, Mapping[str, Any]]]:
    known = set(_codecs(interface))
    definitions = {"error": ERROR, **interface.definitions}
    for one in interface.collections:
        if "list" not in one.operations_of(interface.version.name):
            continue
        naming = interface.view.version.naming(one)
        items = {"type": "array", "items": {"$ref": naming.schema}}
        definitions.setdefault(naming.schemas, items)
    return ((name, fragment) for name, fragment in definitions.items() if name not in known)
