"""Answer how two texts of the configuration differ."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Document,
    Services,
    View,
    encode_text,
    parse_json,
    split_header,
    to_json,
)
from dataplane_plugins.changes.file_diffs import FileDiffs, FileEnd
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.rendering import Rendering
from dataplane_plugins.changes.texts import given_text

_FORMS = "from and to are versions, and transaction_id is a transaction: give these or that"


class End(NamedTuple):
    """One of two texts: what it is called, and the text."""

    named: dict[str, Any]
    document: Document

    @property
    def title(self) -> str:
        """What the diff calls it."""
        return " ".join(f"{name.removesuffix('_id')} {value}" for name, value in self.named.items())


class Diffs:
    """Compares two versions, or a transaction and its base: GET; a posted text: POST."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._rendering = Rendering(view)
        self._files = FileDiffs(services, view)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        query = req.query
        if query["file"] is not None:
            resp.data = to_json(self._of_file(query))
            return
        ends = self._between(query["from"], query["to"], query["transaction_id"])
        resp.data = to_json(self._compared(*ends, query))

    def _of_file(self, query: Mapping[str, Any]) -> dict[str, Any]:
        file, transaction = self._files.find(query["file"]), query["transaction_id"]
        if transaction is None:
            first, last = query["from"], query["to"]
            newest = self._services.config.version()
            before = self._files.at(file, newest if first is None else first)
            ends = before, self._files.now(file) if last is None else self._files.at(file, last)
        elif query["from"] is None and query["to"] is None:
            ends = self._files.of_transaction(file, transaction)
        else:
            raise BadRequest(_FORMS)
        return self._files.compared(file, *ends)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        if req.query["file"] is not None:
            file = self._files.find(req.query["file"])
            is_text = req.media_type == "text/plain"
            data = req.raw if is_text else encode_text(_text_in(req.raw))
            end = FileEnd({"text": "posted"}, data)
            first = req.query["from"]
            former = self._files.now(file) if first is None else self._files.at(file, first)
            resp.data = to_json(self._files.compared(file, former, end))
            return
        given = req.raw if req.media_type == "text/plain" else _text_in(req.raw)
        text = given_text(given)
        before = self._version(req.query["from"])
        rest = split_header(text)[1]
        posted = Document.parse(rest, before.document.language, before.document)
        if req.hiding is not None:
            posted = req.hiding.given(rest, before.document)
        after = End({"text": "posted"}, posted)
        resp.data = to_json(self._compared(before, after, req.query))

    def _between(
        self, first: int | None, last: int | None, transaction: str | None
    ) -> tuple[End, End]:
        if transaction is None:
            return self._version(first), self._version(last)
        if first is not None or last is not None:
            raise BadRequest(_FORMS)
        view = self._services.config.snapshot(transaction)
        after = End({"transaction_id": transaction}, view.document)
        return self._version(view.version), after

    def _version(self, number: int | None) -> End:
        """Return a version, or the newest one; raises `NotFound` where its text is not kept."""
        newest = self._services.config.snapshot()
        if number is None or number == newest.version:
            return End({"version": newest.version}, newest.document)
        text, _ = self._services.config.raw_text(number)
        rest = split_header(text)[1]
        document = Document.parse(rest, newest.document.language, newest.document)
        return End({"version": number}, document)

    def _compared(self, before: End, after: End, query: Mapping[str, Any]) -> dict[str, Any]:
        raw, left_out = bool(query["with_secrets"]), None if query["whole"] else LeftOut()
        names, texts = (before.title, after.title), (before.document.text(), after.document.text())
        return {
            "from": before.named,
            "to": after.named,
            "text": self._rendering.lines(*texts, names, left_out, raw=raw),
            "changes": self._rendering.between(before.document, after.document, left_out),
            **(left_out.told() if left_out else {}),
        }


def _text_in(raw: bytes) -> str:
    body = parse_json(raw)
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise BadRequest("the body must be a text, or a JSON object that has one in text")
    return text
