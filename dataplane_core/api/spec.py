"""The specification: apispec over the same routes and schemas that serve requests.

Imported when a document is first asked for; it is made once for each form and API version.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls

from dataplane_core import __version__
from dataplane_core.api.codec import Codec
from dataplane_core.api.examples import example
from dataplane_core.api.operations import CHANGE, Body, Operation, Parameter, Response

if TYPE_CHECKING:
    from dataplane_core.api.site import Site

ERROR: Mapping[str, Any] = {
    "type": "object",
    "description": "What went wrong.",
    "required": ["code", "message"],
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
_SHARED = {parameter.name: parameter for parameter in CHANGE}


def build(site: "Site", openapi: str) -> dict[str, Any]:
    """The document in the form `openapi`: `2.0`, or one of 3.0."""
    form: Form = Swagger() if openapi.startswith("2") else OpenApi3()
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        site.version.title, __version__, openapi, plugins=[plugin], **form.options(site.version)
    )
    examples = _examples(site)
    for name, codec in _codecs(site).items():
        spec.components.schema(name, examples.get(name, {}), schema=codec.schema_class)
    for name, fragment in _definitions(site):
        spec.components.schema(name, component=form.fragment(fragment))
    for name, parameter in _SHARED.items():
        spec.components.parameter(name, "query", form.parameter(parameter))
    for route in site.routes:
        operations = {
            method.lower(): form.operation(route.complete(operation))
            for method, operation in route.operations.items()
        }
        spec.path(path=route.template, operations=operations)
    document: dict[str, Any] = form.fragment(spec.to_dict())
    return document


def _schema_name(schema: Any) -> str:
    found = resolve_schema_cls(schema)
    return found.__name__ if isinstance(found, type) else ""


def _codecs(site: "Site") -> dict[str, Codec]:
    found = {}
    for route in site.routes:
        for operation in route.operations.values():
            if operation.body is not None and operation.body.codec is not None:
                found[operation.body.codec.name] = operation.body.codec
    return found


def _examples(site: "Site") -> dict[str, dict[str, Any]]:
    """The members `example` of the definitions that have one."""
    found: dict[str, dict[str, Any]] = {}
    for one in site.services.registry.collections.values():
        shown = example(one, site.view.codec(one).project)
        if shown is not None:
            found.setdefault(one.naming.schema, {"example": shown})
    return found


def _definitions(site: "Site") -> Iterator[tuple[str, Mapping[str, Any]]]:
    known = set(_codecs(site))
    definitions = {"error": ERROR, **site.definitions}
    for one in site.services.registry.collections.values():
        naming = one.naming
        items = {"type": "array", "items": {"$ref": naming.schema}}
        definitions.setdefault(naming.schemas, items)
    return ((name, fragment) for name, fragment in definitions.items() if name not in known)


class Form:
    """How one form of document says things; the common part of both."""

    schemas = ""

    def options(self, version: Any) -> dict[str, Any]:
        """The top of the document."""
        raise NotImplementedError

    def parameter(self, one: Parameter) -> dict[str, Any]:
        """A parameter."""
        raise NotImplementedError

    def request(self, body: Body, described: dict[str, Any]) -> None:
        """Add a body to an operation."""
        raise NotImplementedError

    def response(self, one: Response, media: str) -> dict[str, Any]:
        """One answer."""
        raise NotImplementedError

    def operation(self, one: Operation) -> dict[str, Any]:
        """One method of a path."""
        described: dict[str, Any] = {
            "operationId": one.id,
            "tags": [one.tag],
            "parameters": [self._parameter_or_name(item) for item in one.parameters],
            "responses": {
                code: self.response(item, one.produces if code[0] == "2" else "application/json")
                for code, item in one.responses.items()
            },
        }
        if one.summary:
            described["summary"] = one.summary
        if one.deprecated:
            described["deprecated"] = True
        if one.body is not None:
            self.request(one.body, described)
        return described

    def fragment(self, value: Any) -> Any:
        """A JSON Schema in this form: references in full."""
        if isinstance(value, Mapping):
            return {key: self._member(key, inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.fragment(inner) for inner in value]
        return value

    def _member(self, key: str, value: Any) -> Any:
        if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
            return f"#/{self.schemas}/{value}"
        return self.fragment(value)

    def _parameter_or_name(self, one: Parameter) -> dict[str, Any] | str:
        """A parameter in full, or the name of a shared one, which apispec makes a reference of."""
        if _SHARED.get(one.name) == one:
            return one.name
        return {"name": one.name, "in": one.where, "required": one.required, **self.parameter(one)}


def _type(one: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"type": one.type}
    if one.enum:
        described["enum"] = list(one.enum)
    if one.pattern is not None:
        described["pattern"] = one.pattern
    if one.default is not None:
        described["default"] = one.default
    return described


class Swagger(Form):
    """Swagger 2.0."""

    schemas = "definitions"

    def options(self, version: Any) -> dict[str, Any]:
        return {
            "basePath": version.prefix,
            "schemes": ["http", "https"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "securityDefinitions": {"basic_auth": {"type": "basic"}},
            "security": [{"basic_auth": []}],
        }

    def parameter(self, one: Parameter) -> dict[str, Any]:
        more = {"description": one.help} if one.help else {}
        return {**_type(one), **more}

    def request(self, body: Body, described: dict[str, Any]) -> None:
        described["consumes"] = list(body.types)
        if body.media == "multipart/form-data":
            item = {"name": body.form_field, "in": "formData", "type": "file"}
        else:
            item = {"name": "data", "in": "body", "schema": self.fragment(body.schema)}
        described["parameters"].append({**item, "required": body.required})

    def response(self, one: Response, media: str) -> dict[str, Any]:
        described: dict[str, Any] = {"description": one.help or "The answer."}
        if one.schema is not None:
            described["schema"] = self.fragment(one.schema)
        if one.headers:
            described["headers"] = {name: {"type": "string"} for name in one.headers}
        return described

    def operation(self, one: Operation) -> dict[str, Any]:
        return {**super().operation(one), "produces": [one.produces]}


class OpenApi3(Form):
    """OpenAPI 3.0."""

    schemas = "components/schemas"

    def options(self, version: Any) -> dict[str, Any]:
        schemes = {"basic_auth": {"type": "http", "scheme": "basic"}}
        return {
            "servers": [{"url": version.prefix}],
            "components": {"securitySchemes": schemes},
            "security": [{"basic_auth": []}],
        }

    def parameter(self, one: Parameter) -> dict[str, Any]:
        more = {"description": one.help} if one.help else {}
        return {"schema": _type(one), **more}

    def request(self, body: Body, described: dict[str, Any]) -> None:
        schema = self.fragment(body.schema)
        if body.media == "multipart/form-data":
            file = {"type": "string", "format": "binary"}
            schema = {"type": "object", "properties": {body.form_field: file}}
        described["requestBody"] = {
            "required": body.required,
            "content": {media: {"schema": schema} for media in body.types},
        }

    def response(self, one: Response, media: str) -> dict[str, Any]:
        described: dict[str, Any] = {"description": one.help or "The answer."}
        if one.schema is not None:
            described["content"] = {media: {"schema": self.fragment(one.schema)}}
        if one.headers:
            described["headers"] = {name: {"schema": {"type": "string"}} for name in one.headers}
        return described

    def fragment(self, value: Any) -> Any:
        if isinstance(value, Mapping) and "x-nullable" in value:
            value = {"nullable" if key == "x-nullable" else key: v for key, v in value.items()}
        return super().fragment(value)
