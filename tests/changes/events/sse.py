"""A client of Server-Sent Events."""

import base64
import http.client
import json
import ssl
from collections.abc import Iterator

from tests.harness.server import PASSWORD, USER
from tests.harness.waiting import PATIENCE

AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class EventSource:
    """One stream; `answer` is the head of it."""

    def __init__(
        self, port: int, query: str = "", last: int | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        if context is not None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        headers = {"Authorization": AUTHORIZATION, "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection.request("GET", f"/dataplane/v1/events{query}", headers=headers)
        self.answer = self.connection.getresponse()

    def __iter__(self) -> Iterator[dict[str, object]]:
        fields: dict[str, str] = {}
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            name, _, value = text.partition(": ")
            if text and name:
                fields[name] = value
            elif "event" in fields:
                yield {**fields, "data": json.loads(fields["data"])}
                fields = {}

    def until(self, wanted: str, **values: object) -> list[dict[str, object]]:
        """The events up to one of a kind that has some values."""
        taken = []
        for event in self:
            taken.append(event)
            if event["event"] == wanted and values.items() <= event["data"].items():
                return taken
        raise AssertionError(f"the stream ended: {taken}")

    def __enter__(self) -> "EventSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.connection.close()
