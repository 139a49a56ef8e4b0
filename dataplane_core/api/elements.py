"""Objects in a list of a single section that have a path of their own: one comes, or goes."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import falcon

from dataplane_core.api.operations import (
    CHANGE,
    Body,
    Operation,
    Operations,
    Response,
    created,
    deleted,
)
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.section_objects import SectionObjects
from dataplane_core.api.view import View
from dataplane_core.api.wording import thing, with_article
from dataplane_core.codec.codec import Codec
from dataplane_core.errors import BadRequest, NotFound
from dataplane_core.resources.collections import Naming, SingleSection
from dataplane_core.resources.locate import find_single
from dataplane_core.text import Document

Shown = dict[str, Any]


class ElementList:
    """The list `name` of a section: POST puts an object behind the others, DELETE takes one away.

    The body of both is the object.
    """

    def __init__(self, view: View, one: SingleSection, name: str) -> None:
        self._view = view
        self._one = one
        self._name = name
        self.naming = one.elements[name]

    @cached_property
    def _objects(self) -> SectionObjects:
        return SectionObjects(self._view, self._one)

    @cached_property
    def codec(self) -> Codec:
        """The codec of the objects in the list."""
        props = self._view.codec(self._one).props
        items = next(prop.items for prop in props if prop.name == self._name)
        assert isinstance(items, tuple)
        return self._view.make_codec(self.naming.schema, items)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        with self._view.edit(req) as edit:
            shown, elements = self._read(edit.document)
            edit.document = self._put(edit.document, shown, [*elements, req.body.echo])
        self._view.answer_change(req, resp, edit.outcome, 201)

    def on_delete(self, req: ApiRequest, resp: falcon.Response) -> None:
        wanted = req.body.echo.items()
        with self._view.edit(req) as edit:
            shown, elements = self._read(edit.document)
            at = next((at for at, one in enumerate(elements) if wanted <= one.items()), None)
            if at is None:
                name = thing(self.naming)
                raise NotFound(f"missing object: the {self._one.kind} section has no such {name}")
            rest = [*elements[:at], *elements[at + 1 :]]
            edit.document = self._put(edit.document, shown, rest)
        self._view.answer_change(req, resp, edit.outcome, 204)

    def _read(self, document: Document) -> tuple[Shown, list[Shown]]:
        """Return the section as a GET shows it, and the list in it."""
        section = find_single(document, self._one)
        if section is None:
            raise BadRequest(f"missing parent: there is no {self._one.kind} section")
        shown = self._objects.show(section)
        return shown, shown.get(self._name, [])

    def _put(self, document: Document, shown: Shown, elements: list[Shown]) -> Document:
        section = find_single(document, self._one)
        assert section is not None
        loaded = self._view.codec(self._one).load({**shown, self._name: elements}, shown)
        loaded.check()
        return self._objects.put(document, section, loaded.values)


def operations(elements: ElementList, holder: Naming) -> Mapping[str, Operation]:
    """Return the operations of the list, whose section has the names `holder`."""
    naming, schema = elements.naming, {"$ref": elements.naming.schema}
    name, of = with_article(thing(naming)), thing(holder)

    def operation(which: str, summary: str, responses: Mapping[str, Response]) -> Operation:
        body = Body(schema, codec=elements.codec)
        identifier = naming.operation_id(which)
        return Operation(identifier, naming.tag, summary, CHANGE, body, responses)

    put = f"Create {name} in the {of} section. It stands behind the others."
    take = f"Delete {name} of the {of} section. The first that says what the body says goes."
    makers = {
        "POST": partial(operation, "create", put, created(schema)),
        "DELETE": partial(operation, "delete", take, deleted()),
    }
    return Operations(makers)
