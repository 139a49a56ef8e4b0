"""How versions of the interface let clients name the section whose rows they mean."""

from collections.abc import Mapping
from typing import Any, Protocol

from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.operations import Parameter
from dataplane_core.errors import BadParameter, BadRequest, Code
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.locate import ParentReference
from dataplane_core.resources.query_words import QueryWords
from dataplane_core.text.language import LISTEN, NAMELESS


class Parents(Protocol):
    """How the parents of a collection's rows are named below one path."""

    parameters: tuple[Parameter, ...]
    """The parameters of the query that name them."""

    kind: str
    """The kind of section that is meant, where it is one; empty for several."""

    def find(self, req: CheckedRequest, keys: Mapping[str, Any]) -> ParentReference:
        """Return the parent that a request and the parameters of its path (`keys`) name.

        Raises `BadParameter` where none is named, and `BadRequest` where that makes no sense.
        """

    def section(self, query: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return kind and name of the section that a query names; None where the path does."""

    def orphan_status(self, operation: str, *, nameless: bool) -> int:
        """Return the status where that parent does not exist: 200, 400 or 404.

        `operation` is `list`, `create`, `read`, `replace`, `delete` or `replace_list`. `nameless`:
        the parent is of a kind that can also be meant without a name.
        """


class ParentsInQuery:
    """Parents that parameters of the query name: the collection's own, or type and name."""

    kind = ""

    def __init__(self, rows: RowCollection, words: QueryWords) -> None:
        self._rows = rows
        self._words = words
        self.parameters = tuple(self._parameters())

    def _parameters(self) -> list[Parameter]:
        rows, words, found = self._rows, self._words, []
        own = words.parameter
        if own is not None:
            found.append(Parameter(own, required=not words.typed, help="Name of the parent."))
        if words.typed:
            named = own is None and not rows.has_nameless_parent()
            labels = tuple(words.label(kind) for kind in rows.parents)
            found.append(Parameter("parent_name", required=named, help="Name of the parent."))
            found.append(
                Parameter("parent_type", required=own is None, enum=labels, help="Kind of parent.")
            )
        return found

    def query(self, kind: str, name: str) -> dict[str, str]:
        """Return the parameters that name a section."""
        if not self._words.typed:
            return {str(self._words.parameter): name}
        return {"parent_type": self._words.label(kind), "parent_name": name}

    def find(self, req: CheckedRequest, keys: Mapping[str, Any]) -> ParentReference:
        """Return the parent that the query names; the collection's own parameter goes first.

        Raises `BadParameter` where there is none, and `BadRequest` for a type without a name and
        for a change whose parameters name different parents.
        """
        words, query = self._words, req.query
        own = query.get(words.parameter) if words.parameter else None
        label, name = query.get("parent_type"), query.get("parent_name")
        if own and req.method != "GET":
            self._refuse_others(own, label, name)
        if not own and not label:
            names = [words.parameter, "parent_type with parent_name" if words.typed else None]
            ways = " or ".join(filter(None, names))
            raise BadParameter(f"{ways} in query is required", code=Code.REQUIRED)
        kind, section = self._section(own, label, name)
        if not section and kind not in NAMELESS:
            raise BadRequest(f"parent_name in query is required with parent_type {label}")
        return self._reference(kind, section)

    def section(self, query: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return kind and name of the section that `find` finds by a query that is not checked."""
        given = {name: one[0] if isinstance(one, list) else one for name, one in query.items()}
        own = given.get(self._words.parameter) if self._words.parameter else None
        label = given.get("parent_type") if self._words.typed else None
        if not own and label not in {*map(self._words.label, self._rows.parents)}:
            return None
        return self._section(own, label, given.get("parent_name"))

    def _section(self, own: str | None, label: str | None, name: str | None) -> tuple[str, str]:
        if own:
            return LISTEN if label == LISTEN else self._rows.parents[0], own
        return self._words.kind(str(label), self._rows.parents), name or ""

    def _refuse_others(self, own: str, label: str | None, name: str | None) -> None:
        """Refuse a change that names one parent by the own parameter, and another one besides."""
        if label is None and name is None:
            return
        rows, words = self._rows, self._words
        labels = {None, *(words.label(kind) for kind in rows.named_like(rows.parents[0]))}
        if (name or own) != own or label not in labels:
            given = {"parent_type": label, "parent_name": name}
            other = " and ".join(f"{key} {value}" for key, value in given.items() if value)
            raise BadRequest(f"{words.parameter} {own} and {other} in query name different parents")

    def _reference(self, kind: str, name: str) -> ParentReference:
        return ParentReference(self._rows.named_like(kind), name, self._words.label(kind))

    def orphan_status(self, operation: str, *, nameless: bool) -> int:
        """Return the status that the collection's declaration has for that."""
        return self._words.orphans.status(
            operation, indexed=self._rows.indexed, nameless=nameless
        )


class ParentsInPath:
    """Parents of one kind whose name is a parameter of the path.

    Unless a declaration says otherwise, a list of a parent that does not exist is empty; to change
    it is refused (400), and its rows are not there (404).
    """

    parameters: tuple[Parameter, ...] = ()

    def __init__(self, rows: RowCollection, kind: str) -> None:
        self.kind = kind
        self._kinds = rows.named_like(kind)
        self._parameter = rows.query.path_parameter
        self._orphans = rows.query.orphans

    def find(self, req: CheckedRequest, keys: Mapping[str, Any]) -> ParentReference:
        """Return the parent that the path names; one without a name, if it has no parameter."""
        return ParentReference(self._kinds, keys.get(self._parameter, ""))

    def section(self, query: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return None: whatever the query says, the path names the section."""
        return None

    def orphan_status(self, operation: str, *, nameless: bool) -> int:
        """Return the status of an operation without its parent."""
        return self._orphans.status_in_path(operation)
