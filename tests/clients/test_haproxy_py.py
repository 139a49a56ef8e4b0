"""Every operation of the interface, called as a generated client calls it, and read by its models."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.announced.support import balancer
from tests.clients.generated import Document, Generated, Tree
from tests.clients.haproxy_py_objects import KINDS, Kind
from tests.clients.haproxy_py_rest import STORIES, Use, certificates
from tests.clients.replay import place
from tests.clients.stage import Stage, furnished
from tests.harness.fixtures import one_haproxy
from tests.harness.recorded import reference
from tests.harness.server import Answer
from tests.server.certificates import make

pytestmark = [pytest.mark.server, pytest.mark.haproxy, pytest.mark.recorded]

CONFIGURATION = "/services/haproxy/configuration"
TRANSACTIONS = "/services/haproxy/transactions"
NOT_SERVED = "/cluster"
ABSENT = object()


def zero(schema: Tree) -> object:
    """What Go writes for a property that nobody set, where that is no value of the property."""
    kind = schema.get("type", "")
    unset = {"string": "", "array": [], "integer": 0, "boolean": False}
    return ABSENT if schema.get("x-nullable") else unset.get(kind, ABSENT)


UNSET: Mapping[str, Callable[[Tree], object]] = {
    "absent": lambda schema: ABSENT,
    "null": lambda schema: None,
    "zero": zero,
}
"""What generators of clients write for properties that nobody set."""


class Library:
    """haproxy-py at work on a running load balancer; it fails as that client does."""

    def __init__(self, stage: Stage, document: Document) -> None:
        self.client = Generated(document, stage.lb.client)
        self.known: dict[str, Any] = {}

    def filled(self, value: Any) -> Any:
        """A value with what is known in the place of names: `{version}`."""
        if isinstance(value, str) and (name := re.fullmatch(r"\{(\w+)\}", value)):
            return self.known[name[1]]
        if isinstance(value, Mapping):
            return {key: self.filled(one) for key, one in value.items()}
        return value

    def use(self, one: Use) -> Answer:
        answer, refused = self.client.call(
            one.method, one.path, self.filled(one.values), self.filled(one.body)
        )
        expected = one.status if isinstance(one.status, tuple) else (one.status,)
        told = f"{one.method} {one.path} {self.filled(one.values)} {self.filled(one.body)}"
        assert answer.status in expected, f"{told}: {answer.status} {answer.body!r}"
        assert not refused, f"{told}: {refused}"
        for name, where in one.keep.items():
            header = where.removeprefix("header ")
            self.known[name] = answer.headers[header] if header != where else first(answer, where)
        return answer


def first(answer: Answer, where: str) -> Any:
    """What stands at a place of an answer, or of its first item."""
    told = answer.json[0] if isinstance(answer.json, list) else answer.json
    return place(told, where)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with balancer(one_haproxy("2.8"), tmp_path_factory.mktemp("lb")) as lb:
        found = furnished(lb)
        found.reset()
        yield found


@pytest.fixture(scope="module")
def library(stage: Stage, shared: Path) -> Library:
    return Library(stage, Document(reference(shared)))


def uses(kind: Kind, document: Document) -> list[Use]:
    """The life of an object inside a transaction, with all the parameters that each operation has."""
    collection = f"{CONFIGURATION}/{kind.path}"
    one = f"{collection}/{{{kind.key}}}"

    def values(method: str, path: str) -> dict[str, Any]:
        known = {"transaction_id": "{id}", **kind.parent, kind.key: kind.body[kind.key]}
        named = {each["name"] for each in document.operation(method, path)["parameters"]}
        return {name: value for name, value in known.items() if name in named}

    found = [
        Use("POST", collection, values("POST", collection), kind.body, 202),
        Use("GET", collection, values("GET", collection)),
        Use("GET", one, values("GET", one), keep={"read": "data"}),
    ]
    if ("PUT", one) in document.operations():
        found.append(Use("PUT", one, values("PUT", one), "{read}", 202))
        found.append(Use("PUT", one, values("PUT", one), {**kind.body, **kind.update}, 202))
    return [*found, Use("DELETE", one, values("DELETE", one), status=202)]


@pytest.mark.parametrize("unset", UNSET)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)
def test_an_object_lives(library: Library, kind: Kind, unset: str) -> None:
    begin = Use("POST", TRANSACTIONS, {"version": "{version}"}, status=201, keep={"id": "id"})
    library.use(Use("GET", f"{CONFIGURATION}/version", keep={"version": ""}))
    library.use(begin)
    try:
        for path, section in kind.before:
            library.use(Use("POST", f"{CONFIGURATION}/{path}", {"transaction_id": "{id}"}, section, 202))
        for one in uses(kind, library.client.document):
            library.use(filled_up(one, UNSET[unset], library.client.document))
        assert library.known["read"].items() >= kind.body.items() or kind.path == "users"
    finally:
        library.use(Use("DELETE", f"{TRANSACTIONS}/{{id}}", {"id": "{id}"}, status=204))


def filled_up(one: Use, unset: Callable[[Tree], object], document: Document) -> Use:
    """The same with what stands for the properties that nobody set."""
    if not isinstance(one.body, dict):
        return one
    schema = next(
        document.followed(each["schema"])
        for each in document.operation(one.method, one.path)["parameters"]
        if each["in"] == "body"
    )
    members = {name: unset(document.followed(each)) for name, each in schema["properties"].items()}
    body = {name: value for name, value in members.items() if value is not ABSENT} | one.body
    return Use(one.method, one.path, one.values, body, one.status, one.keep)


@pytest.mark.parametrize("name", STORIES)
def test_what_is_beside_the_objects(library: Library, stage: Stage, name: str) -> None:
    stage.reset()
    for one in STORIES[name]:
        library.use(one)


def test_certificates(library: Library, tmp_path: Path) -> None:
    texts = [Path(make(name).write(tmp_path / f"{name}.pem")).read_text() for name in ("one", "two")]
    for one in certificates(*texts):
        library.use(one)


def test_every_operation_is_called(shared: Path) -> None:
    document = Document(reference(shared))
    called = {(one.method, one.path) for story in STORIES.values() for one in story}
    called |= {(one.method, one.path) for one in certificates("", "")}
    called |= {(one.method, one.path) for kind in KINDS for one in uses(kind, document)}
    known = {one for one in document.operations() if not one[1].startswith(NOT_SERVED)}
    assert known - called == set()
    assert len(known) > 290
