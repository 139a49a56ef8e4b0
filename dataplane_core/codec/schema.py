"""Give each model its marshmallow schema, made when a body is wrong or a document asked for."""

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

from dataplane_core.codec.shape import JsonNode

if TYPE_CHECKING:
    from marshmallow import Schema

    from dataplane_core.codec.schema_classes import SchemaClasses


class SchemaFactory:
    """Schema classes of one API version.

    `reserved` are names that nested objects do not take. marshmallow is loaded by the first class:
    a server that gets no wrong body needs none, and shall not wait 30 ms for it.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = tuple(reserved)
        self._lock = Lock()
        self._made: SchemaClasses | None = None

    def schema(self, node: JsonNode, name: str) -> "type[Schema]":
        """Return the class for the objects of a node, whose name in the specification is `name`."""
        with self._lock:
            if self._made is None:
                from dataplane_core.codec.schema_classes import SchemaClasses

                self._made = SchemaClasses(self._reserved)
        return self._made.schema(node, name)
