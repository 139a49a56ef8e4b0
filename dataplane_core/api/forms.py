"""The formats of a specification: Swagger 2.0, OpenAPI 3.0 and OpenAPI 3.1."""

from collections.abc import Mapping
from typing import Any

from dataplane_core.api.operations import CHANGE, Body, Operation, Parameter, Response
from dataplane_core.api.refusals import SHARED
from dataplane_core.api.version import ApiVersion

JSON = "application/json"
PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in CHANGE}
"""The parameters that a document defines once."""
_NAMES = {id(response): name for name, response in SHARED.items()}


class DocumentForm:
    """Writes operations, parameters and schemas in one format; the common part of all."""

    schemas = ""

    def options(self, version: ApiVersion) -> dict[str, Any]:
        """Return the top of the document."""
        raise NotImplementedError

    def parameter(self, one: Parameter) -> dict[str, Any]:
        """Return a parameter."""
        raise NotImplementedError

    def request(self, body: Body, described: dict[str, Any]) -> None:
        """Add a body to an operation."""
        raise NotImplementedError

    def response(self, one: Response, media: str) -> dict[str, Any]:
        """Return one answer."""
        raise NotImplementedError

    def operation(self, one: Operation) -> dict[str, Any]:
        """Return one method of a path."""
        described: dict[str, Any] = {
            "operationId": one.id,
            "tags": [one.tag],
            "description": one.description,
            "parameters": [self._parameter_or_name(item) for item in one.parameters],
            "responses": {
                code: _NAMES.get(id(item))
                or self.response(item, one.produces if code[0] == "2" else JSON)
                for code, item in one.responses.items()
            },
        }
        if one.summary:
            described["summary"] = one.title
        if one.deprecated:
            described["deprecated"] = True
        if one.open:
            described["security"] = []
        if one.body is not None:
            self.request(one.body, described)
        return described

    def fragment(self, value: Any) -> Any:
        """Return a JSON Schema in this form: references in full."""
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
        """Return a parameter in full; of a shared one its name, which apispec refers to."""
        if PARAMETERS.get(one.name) == one:
            return one.name
        return {"name": one.name, "in": one.where, "required": one.required, **self.parameter(one)}


def _help(one: Parameter) -> dict[str, Any]:
    """Return what a parameter is for, and for the documentation page which answer has its value."""
    help = {"description": one.help} if one.help else {}
    return {**help, **({"x-current": one.current} if one.current else {})}


def _type(one: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"type": one.type}
    if one.enum:
        described["enum"] = list(one.enum)
    if one.pattern is not None:
        described["pattern"] = one.pattern
    if one.default is not None:
        described["default"] = one.default
    return described


class Swagger(DocumentForm):
    """Swagger 2.0."""

    schemas = "definitions"

    def options(self, version: ApiVersion) -> dict[str, Any]:
        return {
            "basePath": version.prefix,
            "schemes": ["http", "https"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "securityDefinitions": {"basic_auth": {"type": "basic"}},
            "security": [{"basic_auth": []}],
        }

    def parameter(self, one: Parameter) -> dict[str, Any]:
        return {**_type(one), **_help(one)}

    def request(self, body: Body, described: dict[str, Any]) -> None:
        described["consumes"] = list(body.types)
        if body.media == "multipart/form-data":
            item = {"name": body.form_field, "in": "formData", "type": "file"}
        else:
            item = {"name": "data", "in": "body", "schema": self.fragment(body.schema)}
        about = {"required": body.required, "description": body.description}
        described["parameters"].append({**item, **about})

    def response(self, one: Response, media: str) -> dict[str, Any]:
        described: dict[str, Any] = {"description": one.help or "The answer."}
        if one.schema is not None:
            described["schema"] = self.fragment(one.schema)
        if one.headers:
            described["headers"] = {name: {"type": "string"} for name in one.headers}
        return described

    def operation(self, one: Operation) -> dict[str, Any]:
        return {**super().operation(one), "produces": [one.produces]}


class OpenApi3(DocumentForm):
    """OpenAPI 3.0."""

    schemas = "components/schemas"

    def options(self, version: ApiVersion) -> dict[str, Any]:
        schemes = {"basic_auth": {"type": "http", "scheme": "basic"}}
        return {
            "servers": [{"url": version.prefix}],
            "components": {"securitySchemes": schemes},
            "security": [{"basic_auth": []}],
        }

    def parameter(self, one: Parameter) -> dict[str, Any]:
        return {"schema": _type(one), **_help(one)}

    def request(self, body: Body, described: dict[str, Any]) -> None:
        schema = self.fragment(body.schema)
        if body.media == "multipart/form-data":
            file = {"type": "string", "format": "binary"}
            schema = {"type": "object", "properties": {body.form_field: file}}
        described["requestBody"] = {
            "description": body.description,
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


class OpenApi31(OpenApi3):
    """OpenAPI 3.1, whose schemas are those of JSON Schema: null is a type like others."""

    def fragment(self, value: Any) -> Any:
        if isinstance(value, Mapping) and "x-nullable" in value:
            rest = {key: inner for key, inner in value.items() if key != "x-nullable"}
            types = rest.get("type")
            if value["x-nullable"] and isinstance(types, str):
                rest["type"] = [types, "null"]
            value = rest
        return super().fragment(value)


def form_of(openapi: str) -> DocumentForm:
    """Return the form of the documents of a version of OpenAPI."""
    if openapi.startswith("2"):
        return Swagger()
    return OpenApi31() if openapi.startswith("3.1") else OpenApi3()
