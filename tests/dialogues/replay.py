"""Sends the steps of a dialogue, and binds what the recorded server made up to what ours makes up."""

import http.client
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tests.dialogues.recorded import Step
from tests.harness.server import Answer, ApiServer
from tests.storage.support import form

TRANSACTION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RELOAD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]+")
ENTRY = re.compile(r"0x[0-9a-f]+")
MADE_UP = (TRANSACTION, RELOAD, ENTRY)
SPOE = "/services/haproxy/spoe"
SCOPES = re.compile(rf"{SPOE}/\S*scopes(?:\?|$)")
SPOE_VERSIONED = re.compile(r"[?&]version=|/transactions/")
"""Changes that make a version of a SPOE file; others are of whole files."""


class Bindings:
    """What stands for what: versions, places, and the identifiers that a server makes up.

    Of `places`, those inside others come first. `begin` starts a transaction: some were begun off
    the record.
    """

    def __init__(self, places: Mapping[str, str], begin: Callable[[], str]) -> None:
        self.places = places
        self._offset = 0
        self._spoe_offset = 0
        self._known: dict[str, str] = {}
        self._begin = begin

    def begin(self, recorded: int, ours: int) -> None:
        """The configuration's version at the beginning."""
        self._offset = ours - recorded

    def recorded(self, ours: int, spoe: bool = False) -> int:
        """The recorded number for a version of ours, or of our SPOE file; 0 is no version."""
        offset = self._spoe_offset if spoe else self._offset
        return ours - offset if ours else 0

    def text(self, text: str) -> str:
        """A recorded text with our places and identifiers."""
        for name, place in self.places.items():
            text = text.replace(name, place)
        for kind in MADE_UP:
            text = kind.sub(lambda match: self._known.get(match[0], match[0]), text)
        return text

    def plain(self, text: str) -> str:
        """A text of ours with the recorded places."""
        for name, place in self.places.items():
            text = text.replace(place, name)
        return text

    def same(self, ours: object, theirs: str) -> bool:
        """Whether a text of ours is the recorded one; an identifier not met before is bound.

        An entry's may change: it is HAProxy's, and an upload makes new ones.
        """
        for kind in MADE_UP:
            if kind.fullmatch(theirs) and (theirs not in self._known or kind is ENTRY):
                fits = isinstance(ours, str) and kind.fullmatch(ours) is not None
                if fits and (kind is ENTRY or ours not in self._known.values()):
                    self._known[theirs] = str(ours)
        return ours == self.text(theirs)

    def meet(self, ours: Iterable[str], theirs: Iterable[str]) -> None:
        """Bind identifiers of which the dialogue first hears in a list, in the list's order."""
        strange = [name for name in ours if name not in self._known.values()]
        unbound = [name for name in theirs if name not in self._known]
        if len(strange) == len(unbound):
            self._known.update(zip(unbound, strange, strict=True))

    def target(self, step: Step) -> str:
        """Path and query of a request, as ours must be asked."""
        parts = urlsplit(step.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        number = query.get("version", "")
        if number.isdigit():
            offset = self._spoe_offset if SPOE in parts.path else self._offset
            query["version"] = str(int(number) + offset if int(number) else 0)
        identifier = query.get("transaction_id", "")
        if TRANSACTION.fullmatch(identifier) and identifier not in self._known:
            self._known[identifier] = self._begin()
        query = {name: self.text(value) for name, value in query.items()}
        path = quote(self.text(parts.path), safe="/%:*!,")
        return path + ("?" + urlencode(query) if query else "")

    def follow(self, step: Step, answer: Answer) -> None:
        """After a change: the version that it made is the one that the recorded change made.

        So it is where only one of the two changed something, and where the version was asked for: what
        follows names that version.
        """
        changed = answer.status < 400 or step.status < 400
        if step.path.endswith("configuration/version") and answer.status == 200:
            self._offset = answer.json - step.answer
        if step.method == "GET" or not changed or "transaction_id" in step.path:
            return
        if SPOE in step.path:
            if SPOE_VERSIONED.search(step.path):
                self._spoe_offset += (answer.status < 400) - (step.status < 400)
        elif "Configuration-Version" in step.headers and "Configuration-Version" in answer.headers:
            self._offset = int(answer.headers["Configuration-Version"]) - step.version

    def content(self, step: Step) -> bytes | None:
        """The body of a request as it was sent: a text as it is, but for the names of scopes."""
        if step.upload is not None:
            sent = step.upload
            return form(
                self.text(sent["filename"]), self.text(sent["content"]).encode(), sent["field"]
            )
        if step.body is None:
            return None
        plain = isinstance(step.body, str) and not SCOPES.search(step.path)
        return self.text(step.body if plain else json.dumps(step.body)).encode()


def told(value: object) -> str:
    """A value for a sentence."""
    return json.dumps(value, ensure_ascii=False)


class Client:
    """Asks a server as a dialogue says, header by header."""

    def __init__(self, server: ApiServer, bindings: Bindings) -> None:
        self._server, self._bindings = server, bindings

    def ask(self, step: Step) -> Answer:
        """The answer to one step."""
        headers = {} if step.anonymous else {**self._server.client().headers, **step.more}
        body = self._bindings.content(step)
        if body is not None and step.media is not None:
            headers["Content-Type"] = step.media
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        try:
            connection.request(step.method, self._bindings.target(step), body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
