"""How the query of a request names the parent of rows: declared for each collection."""

from collections.abc import Mapping
from dataclasses import field

from dataplane_core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Parent:
    """A kind of section that holds rows.

    `kind` is HAProxy's keyword (`log-forward`), `type` what clients call it in `parent_type`
    (`log_forward`; the keyword itself unless given). `versions` are the names of the API versions
    that have the rows of such a section; None means every version.
    """

    kind: str
    type: str = ""
    versions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """The statuses that answer operations on rows whose parent does not exist.

    `list` is 200 where such a list is empty; `create` is that of a new row, `item` that of reading
    and replacing one, `delete` that of deleting one. None for `item` is 404 for a row with a name,
    which is as little there as its parent, and 400 for an index, which says nothing without one;
    None for `delete` is what `item` is. `nameless` is the status for items of a parent that can
    also be meant without a name (`global`, `defaults`), where it is not that of the others.
    `list_in_path` and `create_in_path` are those of lists and new rows in versions where paths name
    parents.
    """

    list: int = 200
    create: int = 400
    item: int | None = None
    delete: int | None = None
    nameless: int | None = None
    list_in_path: int = 200
    create_in_path: int = 400

    def status(self, operation: str, *, indexed: bool, nameless: bool) -> int:
        """Return the status of `list`, `create`, `read`, `replace` or `delete`.

        A list that is replaced as a whole (`replace_list`) is answered as a new row is.
        """
        if operation == "list":
            return self.list
        if operation in ("create", "replace_list"):
            return self.create
        item = self.item or (400 if indexed else 404)
        if nameless and self.nameless:
            item = self.nameless
        return self.delete or item if operation == "delete" else item

    def status_in_path(self, operation: str) -> int:
        """Return the status of an operation where the path names the parent."""
        if operation == "list":
            return self.list_in_path
        return self.create_in_path if operation in ("create", "replace_list") else 404


ORPHANS = Orphans()
"""What is answered where a declaration says no more."""


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The query parameters that name the section of a collection's rows.

    `parameter` is one of the collection's own, such as `backend`; `typed`: `parent_type` and
    `parent_name` do so, too. `labels` are the values of `parent_type` by kind of section, where
    they are not HAProxy's keywords. `orphans` says what is answered where there is no such section.
    `always`: versions that name parents in the path name this one in the query, too; `in_path`: the
    parameter of their path is called `parameter`, and not `parent_name`.
    """

    parameter: str | None = None
    typed: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    orphans: Orphans = ORPHANS
    always: bool = False
    in_path: bool = False

    @property
    def path_parameter(self) -> str:
        """The name of the parameter of the path, in versions where paths name parents."""
        return self.parameter if self.in_path and self.parameter else "parent_name"

    def label(self, kind: str) -> str:
        """Return the value of `parent_type` that stands for a kind of section."""
        return self.labels.get(kind, kind)

    def kind(self, label: str, kinds: tuple[str, ...]) -> str:
        """Return the one of `kinds` that a value of `parent_type` stands for."""
        return next(kind for kind in kinds if self.label(kind) == label)
