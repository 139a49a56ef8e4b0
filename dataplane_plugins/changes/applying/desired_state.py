"""Tell what a client desires: a text, resources and files, as the body of a request has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from dataplane_core.plugin import (
    BadRequest,
    CheckedRequest,
    DesiredObjects,
    DesiredText,
    Document,
    Finding,
    Invalid,
    Scope,
    View,
    WrongShape,
    dataclass,
    decode_text,
    parse_json,
    split_header,
    with_last_newline,
)
from dataplane_plugins.changes.applying import ARCHIVE, PLAIN, YAML
from dataplane_plugins.changes.applying.archive import read_archive
from dataplane_plugins.changes.applying.sent_lines import SentText
from dataplane_plugins.changes.applying.yaml_text import parse_yaml

TEXT = "haproxy.cfg"
"""The name of the text in an archive."""

_ENDS_OF_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class DesiredState:
    """What is to be there: a text, resources by collection, files by their paths.

    Where there are both, the resources are put on the text.
    """

    text: str | None = None
    resources: Mapping[str, Any] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_desired_state(req: CheckedRequest, limit: int) -> DesiredState:
    """Return what the body of a request says; raises `BadRequest`, `Invalid` and `TooLarge`."""
    media = req.media_type
    if media in ARCHIVE:
        return _in_archive(read_archive(req.raw, limit))
    if media in YAML:
        return DesiredState(resources=parse_yaml(decode_text(req.raw)))
    if media == PLAIN:
        return DesiredState(text=with_last_newline(decode_text(req.raw)))
    found = parse_json(req.raw)
    if isinstance(found, str):
        return DesiredState(text=with_last_newline(found))
    return DesiredState(resources=found)


def _in_archive(files: dict[str, bytes]) -> DesiredState:
    """Return what the files of an archive are, by their names at its top."""
    text = files.pop(TEXT, None)
    given = [name for name in files if "/" not in name]
    resources = [_parsed(name, files.pop(name)) for name in given]
    if text is None and not resources and not files:
        raise BadRequest("the archive holds nothing")
    return DesiredState(
        None if text is None else with_last_newline(decode_text(text)),
        _together(resources) if resources else None,
        files,
    )


def _parsed(name: str, data: bytes) -> Any:
    try:
        if name.endswith(".json"):
            return parse_json(data)
        if name.endswith(_ENDS_OF_YAML):
            return parse_yaml(decode_text(data))
    except BadRequest as error:
        raise BadRequest(f"{name[:80]}: {error.message}") from None
    raise BadRequest(
        f"{name[:80]!r} at the top of the archive is neither {TEXT} nor a file of resources, "
        "which ends with .json, .yaml or .yml"
    )


def _together(several: Iterable[Any]) -> dict[str, Any]:
    """Return the resources of several files: lists of one collection are one list."""
    found: dict[str, Any] = {}
    for each in several:
        if not isinstance(each, dict):
            raise WrongShape("each file of resources must hold an object with collections")
        for name, objects in each.items():
            if name not in found:
                found[name] = objects
            elif isinstance(found[name], list) and isinstance(objects, list):
                found[name] = [*found[name], *objects]
            else:
                raise Invalid(f"{name[:80]} stands in two files of resources")
    return found


class Target:
    """What a desired state makes of a document.

    `scope` and `prune` are as `DesiredText` and `DesiredObjects` have them; a text is pruned unless
    the client says otherwise, resources are not.
    """

    def __init__(
        self, view: View, state: DesiredState, scope: Scope, prune: bool | None
    ) -> None:
        self.files = state.files
        self._registry = view.registry
        self._scope = scope
        self._prune = state.text is not None if prune is None else prune
        self._sent = state.text
        self._text = None if state.text is None else split_header(state.text)[1]
        self._objects = None
        if state.resources is not None:
            whole = state.text is not None  # the text has said what else there is
            prune_objects = self._prune and not whole
            self._objects = DesiredObjects(view, state.resources, scope, prune=prune_objects)

    @property
    def ignored(self) -> list[str]:
        """The properties of resources that were left out."""
        return [] if self._objects is None else self._objects.ignored

    def located(
        self, findings: Sequence[Finding], result: Document, below: Callable[[int], int]
    ) -> tuple[Finding, ...]:
        """Return findings about what was made, with the lines of the text that the client sent.

        `below` gives the number of a line of the file in `result`.
        """
        if self._sent is None or not findings:
            return tuple(findings)
        return SentText(self._sent, result.language).located(findings, result, below)

    def on(self, document: Document) -> Document:
        """Return the document as it is to be; itself where nothing is to be done."""
        if self._text is None:
            return document if self._objects is None else self._objects.on(document)
        wanted = Document.parse(self._text, document.language, document)
        if not wanted.sections:
            raise Invalid("the desired text has no section: it would remove all there is")
        if self._objects is not None:
            wanted = self._objects.on(wanted)
        return DesiredText(self._registry, wanted, self._scope, prune=self._prune).on(document)
