"""An API version on the SPOE files: texts of their own, whose sections stand in scopes."""

from collections.abc import Sequence

import falcon

from dataplane_core.plugin import (
    BadRequest,
    CheckedRequest,
    Codec,
    Collection,
    ConfigStore,
    Document,
    DocumentSections,
    Outcome,
    Prop,
    Section,
    SectionCollection,
    SingleSection,
    View,
    WholeSection,
    to_json,
)
from dataplane_plugins.spoe import scopes
from dataplane_plugins.spoe.files import SpoeFiles
from dataplane_plugins.spoe.models import ROWS

NAME = Prop("name", pattern=r"^[A-Za-z0-9-_.:]+$", required=True, help="Name of the section.")


class ScopeSections(DocumentSections):
    """The sections of one scope, for a request that `creates` one, or for any other.

    Without the scope the methods raise `BadRequest`, and `NotFound` for other requests.
    """

    def __init__(self, scope: str, *, creates: bool) -> None:
        self._scope = scope
        self._creates = creates

    def __str__(self) -> str:
        return f" in scope {self._scope}"

    def shown(self, document: Document, one: SectionCollection) -> list[tuple[str, Section]]:
        if self._creates and self._scope not in scopes.names(document):
            raise BadRequest(f"missing parent: scope {self._scope} does not exist")
        return [(one.name, one) for one in scopes.scope_sections(document, self._scope, one.kind)]

    def find(self, document: Document, one: SectionCollection, name: str) -> Section | None:
        return dict(reversed(self.shown(document, one))).get(name)

    def place(
        self,
        document: Document,
        one: SectionCollection,
        name: str,
        parent: str | None,
        order: Sequence[str],
    ) -> tuple[Document, Section]:
        return scopes.place(document, self._scope, one.kind, name)


class SpoeView(View):
    """One API version on the SPOE files; a request names its file in `spoe`.

    `view` is the version's view of the configuration.
    """

    def __init__(self, view: View, files: SpoeFiles) -> None:
        super().__init__(view.version, view.registry, view.config)
        self._configuration = view
        self.files = files

    def store(self, req: CheckedRequest) -> ConfigStore:
        store = self.files.store(req.query["spoe"])
        return store if req.scratch is None else req.scratch.of(store)

    def show_version(self, req: CheckedRequest, version: int) -> None:
        """Leave the header to the configuration's version, which those of the files are not."""

    def sections(self, req: CheckedRequest) -> DocumentSections:
        return ScopeSections(req.query["scope"], creates=req.method == "POST")

    def codec(self, collection: Collection) -> Codec:
        """Return the codec of agents, messages or groups: they show no lines that none declares."""
        if not isinstance(collection, SectionCollection):
            return self._configuration.codec(collection)
        schema = collection.naming.schema
        if schema not in self._codecs:
            whole = self.whole(collection)
            props, children = (NAME, *collection.props), self._children(whole)
            self._codecs[schema] = self._configuration.make_codec(
                schema, props, whole.problems, children=children
            )
        return self._codecs[schema]

    def whole(self, collection: SectionCollection | SingleSection) -> WholeSection:
        """Return what a section's object is: its model, and the rows that this does not list."""
        name, rows, _ = ROWS.get(collection.kind, ("", "", ""))
        found = self.registry.declared_rows(rows)
        if found is None or any(prop.name == name for prop in collection.props):
            return WholeSection(collection.model, {})
        return WholeSection(collection.model, {name: found})

    def answer_change(
        self, req: CheckedRequest, resp: falcon.Response, outcome: Outcome, status: int
    ) -> None:
        """Answer with `status` also where HAProxy is reloaded: `Reload-ID` tells of that."""
        resp.status = status
        if outcome.reload_id is not None:
            resp.set_header("Reload-ID", outcome.reload_id)
        if req.loaded is not None:
            resp.data = to_json(req.echo)
