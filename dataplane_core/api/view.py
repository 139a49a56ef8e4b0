"""What the responders of an API version share: codecs, and how they read, edit and answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property, partial
from threading import RLock
from typing import Any

import falcon

from dataplane_core.api.body import to_json
from dataplane_core.api.change_options import show_outcome
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.tagged import answer_tagged, kept_answer, version_to_change
from dataplane_core.api.version import ApiVersion
from dataplane_core.codec.codec import Children, Codec
from dataplane_core.codec.lists import ListCodec
from dataplane_core.codec.masks import ModelMask
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import Reference
from dataplane_core.grammar import Problem, Prop
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.document_sections import WHOLE_DOCUMENT, DocumentSections
from dataplane_core.resources.extra_props import INDEX, METADATA, extra_props
from dataplane_core.resources.locate import owner
from dataplane_core.resources.masks import NOTHING
from dataplane_core.resources.nested_metadata import NestedMetadata
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.whole_section import WholeSection, rows_help
from dataplane_core.store.change import Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.transactions import Edit
from dataplane_core.text import Line
from dataplane_core.text.metadata import is_metadata, metadata_of, with_metadata

WriteMetadata = Callable[[Line], Line]
"""Returns an object's line with other metadata."""

ObjectRules = Callable[[Mapping[str, Any]], Iterable[Problem]]


class View:
    """One API version on one configuration.

    `strict`: unknown properties are refused instead of being left out with a warning.
    `defined` are names of definitions that plugins have made for their routes. `mask` is what the
    version lacks.
    """

    def __init__(
        self,
        version: ApiVersion,
        registry: Registry,
        config: ConfigStore,
        strict: bool = False,
        defined: Iterable[str] = (),
    ) -> None:
        self.version = version
        self.registry = registry
        self.config = config
        self.mask = registry.mask_of(version.name)
        self.factory = SchemaFactory([*self._names(), *defined])
        self._strict = strict
        self._codecs: dict[str, Codec] = {}
        self._making = RLock()
        self._rows_in: dict[str, tuple[RowCollection, ...]] = {}

    def _names(self) -> Iterator[str]:
        """Yield the names that collections have in the specification."""
        for naming in map(self.version.naming, self.collections):
            yield from (naming.schema, naming.schemas)

    @cached_property
    def collections(self) -> tuple[Collection, ...]:
        """The collections that the version has, in the order of their declarations.

        One that names its versions is in these, whatever masks say. Rows have the parents that
        they have in the version.
        """
        name, lacking = self.version.name, self.mask.collections
        every = self.registry.collections.values()
        return tuple(
            one.in_version(name)
            for one in every
            if (one.name not in lacking if one.versions is None else name in one.versions)
        )

    def rows_in(self, kind: str) -> tuple[RowCollection, ...]:
        """Return the collections whose rows the version has in a kind of section."""
        found = self._rows_in.get(kind)
        if found is None:
            every = (one for one in self.collections if isinstance(one, RowCollection))
            found = self._rows_in[kind] = tuple(one for one in every if kind in one.parents)
        return found

    def codec(self, collection: Collection) -> Codec:
        """Return the codec of a collection's objects; collections with one schema share it."""
        name = self.version.naming(collection).schema
        with self._making:
            if name not in self._codecs:
                self._codecs[name] = self._codec_of(collection, name)
            return self._codecs[name]

    def _codec_of(self, collection: Collection, name: str) -> Codec:
        props = (*self._extra_props(collection), *self._declared_props(collection))
        more: dict[str, Any] = {"declared": collection.naming.schema}
        if isinstance(collection, RowCollection):
            more["rules"] = collection.problems
        elif isinstance(collection, SectionCollection | SingleSection):
            whole = self.whole(collection)
            more["rules"] = whole.problems
            more["empty"] = collection.model.empty if self.version.shows_empty else {}
            more["children"] = [*self._children(whole)]
        return self.make_codec(name, props, **more)

    def whole(self, collection: SectionCollection | SingleSection) -> WholeSection:
        """Return what a section's object is where it lists the rows of the section, too."""
        children = self.version.children(collection, self.registry)
        held = {one.name for one in self.rows_in(collection.kind)}
        rows = {name: one for name, one in children.items() if one.name in held}
        return WholeSection(collection.model, rows)

    def _children(self, whole: WholeSection) -> Iterator[Children]:
        for name, rows in whole.rows.items():
            prop = Prop(name, help=rows_help(rows))
            yield Children(prop, self.codec(rows), rows.key)

    def list_codec(self, collection: Collection) -> ListCodec:
        """Return the codec of a list of a collection's objects."""
        return ListCodec(self.codec(collection))

    def _extra_props(self, collection: Collection) -> Iterator[Prop]:
        """Yield the properties that no line has; the index, if any, as the version calls it."""
        index = self.version.index_property
        for prop in extra_props(collection):
            if prop is METADATA:
                if self.version.has_metadata:
                    yield prop
            elif prop is not INDEX or index == INDEX.name:
                yield prop
            elif index is not None:
                yield replace(prop, names={self.version.name: index})

    def _declared_props(self, collection: Collection) -> Iterator[Prop]:
        """Return what a collection declares, with the metadata of nested objects if shown."""
        if isinstance(collection, SectionCollection | SingleSection) and self.version.has_metadata:
            return NestedMetadata(collection.model).props(collection.props)
        return iter(collection.props)

    def has_metadata(self, collection: Collection) -> bool:
        """Return whether the version shows the comments of a collection's lines as metadata."""
        return self.version.has_metadata and METADATA.name in self.codec(collection).root.children

    def metadata(self, collection: Collection, line: Line) -> dict[str, Any]:
        """Return the property of an object that its line's comment is, if the version shows it.

        Of a section that a file has once, such as `global`, words that are no metadata are not
        shown: clients that leave them out of a PUT mean no change.
        """
        if "#" not in line.raw or not self.has_metadata(collection):
            return {}  # almost every line: a list asks for each
        if isinstance(collection, SingleSection) and not is_metadata(line):
            return {}
        found = metadata_of(line)
        return {} if found is None else {METADATA.name: found}

    def take_metadata(
        self, collection: Collection, values: dict[str, Any]
    ) -> WriteMetadata | None:
        """Take the metadata out of a body's values; return what writes them on the object's line.

        None stands for a version that shows no metadata: a line keeps the comment that it has.
        """
        if not self.has_metadata(collection):
            return None
        metadata = values.pop(METADATA.name, None)
        return lambda line: with_metadata(line, metadata)

    def make_codec(
        self,
        name: str,
        props: Iterable[Prop],
        rules: ObjectRules = lambda values: (),
        empty: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        declared: str = "",
        children: Iterable[Children] = (),
    ) -> Codec:
        """Return a codec for objects with `props`; `empty` and `children` as a `Codec` has them.

        `name` is that of the schema in this version, `declared` the one that masks know it by,
        where that is another.
        """
        schema, mask = declared or name, self.mask
        return Codec(
            name,
            props,
            self.version.name,
            self.factory,
            mask=ModelMask(mask.properties.get(schema, NOTHING), mask.values.get(schema, {})),
            writes_units=self.version.writes_units,
            strict_choices=self.version.strict_choices,
            strict=self._strict,
            rules=rules,
            empty=empty,
            children=children,
        )

    def location(self, reference: Reference) -> str:
        """Return the path, with its query, by which this version knows an object.

        An object that the version lacks is named by its section.
        """
        one = next((one for one in self.collections if one.name == reference.collection), None)
        lacking = one is None or "read" not in one.operations_of(self.version.name)
        if lacking or (isinstance(one, RowCollection) and reference.kind not in one.parents):
            one = owner(self.collections, reference.kind) or one
            reference = replace(reference, key=None)
        one = one or self.registry.collections[reference.collection]
        return self.version.location(one, reference, self.registry)

    def snapshot(self, req: CheckedRequest) -> Snapshot:
        """Return the text that a request reads, as it was in one version."""
        snapshot = req.as_of
        if snapshot is None:
            transaction, store = req.query.get("transaction_id"), self.store(req)
            snapshot = store.snapshot(transaction)
            self.show_version(req, snapshot.version)
            if transaction is None and store is self.config:
                req.snapshot = snapshot
        return snapshot if req.hiding is None else req.hiding.snapshot(snapshot)

    def store(self, req: CheckedRequest) -> ConfigStore:
        """Return the store of the text that a request is about: the configuration's, or a try's."""
        return req.scratch or self.config

    def show_version(self, req: CheckedRequest, version: int) -> None:
        """Have the header `Configuration-Version` show the version that was read or made."""
        req.shown_version = version

    def sections(self, req: CheckedRequest) -> DocumentSections:
        """Return which sections of the text a request is about: all."""
        return WHOLE_DOCUMENT

    def answered(self, req: CheckedRequest, resp: falcon.Response) -> bool:
        """Answer as `answer_read` did an equal request on the same snapshot; False if none came.

        Only whole answers are kept, so that the request has passed all checks before.
        """
        transaction = req.params.get("transaction_id")
        if isinstance(transaction, list):
            return False
        snapshot = self.config.snapshot(transaction or None)
        seen = snapshot if req.hiding is None else req.hiding.snapshot(snapshot)
        kept = seen.cache.get((req.path, req.query_string))
        if kept is None:
            return False
        answer_tagged(req, resp, kept)
        req.shown_version = snapshot.version
        req.snapshot = None if transaction else snapshot
        return True

    def answer_read(
        self, req: CheckedRequest, resp: falcon.Response, read: Callable[[Snapshot], Any]
    ) -> None:
        """Answer with what `read` finds, and keep it for requests that see the same snapshot."""
        snapshot = self.snapshot(req)
        kept = kept_answer(read(snapshot), partial(self.version.wrap, snapshot.version))
        snapshot.cache[req.path, req.query_string] = kept
        answer_tagged(req, resp, kept)

    def edit(self, req: CheckedRequest, brings: str = "") -> AbstractContextManager[Edit]:
        """Change the text as the request's parameters say; `brings` is that of `CommitRequest`."""
        version, options = version_to_change(req)
        return req.seen(self.store(req)).edit(
            version=version, transaction_id=req.query.get("transaction_id"),
            force_reload=req.query.get("force_reload", False), author=req.author, options=options,
            brings=brings,
        )  # fmt: skip

    def answer_change(
        self, req: CheckedRequest, resp: falcon.Response, outcome: Outcome, status: int
    ) -> None:
        """Answer an edit: `status` when HAProxy has it, 202 while it waits for a commit or reload.

        The body of a POST or PUT is the request's own, decoded.
        """
        self.show_version(req, outcome.version)
        show_outcome(resp, outcome, self.location)
        waits = outcome.reload_id is not None or outcome.state == "pending"
        resp.status = 202 if waits else status
        if req.loaded is not None and req.method != "DELETE":
            resp.data = to_json(req.echo)
