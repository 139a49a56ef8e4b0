"""Schemathesis over each served document, on the application beside a running HAProxy.

No answer is a 5xx, and each has a status, a media type, headers and a body as the document says.
What Schemathesis makes of the document are its examples, values at and beyond each limit, random
ones, and sequences in which an answer's links are followed.
"""

import base64
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.runtime.support import Api
from tests.torture.beside import any_haproxy, beside_haproxy

DOCUMENTS = (
    "/v2/specification_openapiv3",
    "/v3/specification_openapiv3",
    "/v1/specification_openapiv3",
    "/dataplane/v1/openapi.json",
)
"""One form of each; the other says the same (tests/api/test_spec.py)."""
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
PHASES = ("fuzzing", "coverage", "examples", "stateful")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance", "response_headers_conformance")  # fmt: skip
AGAIN = 250
"""After so many requests the configuration is written anew: by then little of it is left."""


@dataclass
class Figures:
    """What was asked, and each answer that is not as the document says."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    operations: dict[str, Counter[str]] = field(default_factory=dict)
    faults: dict[tuple[str, str, str], str] = field(default_factory=dict)
    errors: set[str] = field(default_factory=set)

    @property
    def left(self) -> list[str]:
        """The operations that got no case."""
        return [f"{name} {one}" for name, counts in self.operations.items() for one, count in counts.items() if not count]

    def __str__(self) -> str:
        told = "; ".join(
            f"{name}: {count} requests, {min(cases := self.operations[name].values(), default=0)} to "
            f"{max(cases, default=0)} cases of each of {len(cases)} operations"
            for name, count in self.requests.items()
        )
        server = sum(count for status, count in self.statuses.items() if status >= 500)
        return f"{told}; {server} answers 5xx, {len(self.faults)} kinds of answers that no document says"


def is_there() -> bool:
    """Whether Schemathesis is installed."""
    return find_spec("schemathesis") is not None


class Watched:
    """The application as Schemathesis calls it: with credentials, and its configuration again and again."""

    def __init__(self, api: Api, figures: Figures, name: str) -> None:
        self._api, self.figures, self.name = api, figures, name
        self._text = (api.folder / "haproxy.cfg").read_text("utf-8")
        self._calls = 0
        self._credentials = "Basic " + base64.b64encode(b"admin:pw").decode()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._calls += 1
        if self._calls % AGAIN == 0:
            (self._api.folder / "haproxy.cfg").write_text(self._text, "utf-8")
        environ["HTTP_AUTHORIZATION"] = self._credentials
        environ["HTTP_HOST"] = "localhost"
        self.figures.requests[self.name] += 1

        def start(status: str, headers: Any, error: Any = None) -> Any:
            self.figures.statuses[int(status[:3])] += 1
            return start_response(status, headers, error) if error else start_response(status, headers)

        return self._api.app(environ, start)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Effort:
    """How much of a document is tried: so many paths by a seed (all without), and cases of each operation.

    With a time, each operation has an equal share of it, and more cases until it is over.
    """

    seconds: int | None = None
    seed: int = 0
    paths: int | None = None
    cases: int = 10
    phases: Sequence[str] = PHASES


def documents(api: Api) -> dict[str, dict[str, Any]]:
    """The served documents by their paths, without streams of events: no schema says what one of these is."""
    found = {path: api.call("GET", path).json for path in DOCUMENTS}
    for document in found.values():
        document["paths"] = {name: item for name, item in sorted(document["paths"].items()) if not _is_stream(item)}
    return found


def _operations(document: dict[str, Any]) -> list[str]:
    """The operations of a document, as Schemathesis calls them."""
    every = ((path, method) for path, item in document["paths"].items() for method in item)
    return [f"{method.upper()} {path}" for path, method in every if method in METHODS]


def try_document(api: Api, name: str, document: dict[str, Any], effort: Effort, figures: Figures) -> None:
    """Let Schemathesis try what one document says."""
    paths = list(document["paths"].items())
    random.Random(f"{effort.seed} {name}").shuffle(paths)
    chosen = {**document, "paths": dict(paths[: effort.paths])}
    figures.operations[name] = Counter(dict.fromkeys(_operations(chosen), 0))
    _execute(Watched(api, figures, name), chosen, effort)


def _is_stream(item: dict[str, Any]) -> bool:
    """Whether a path answers with events, one after the other: no schema says what one of these is."""
    return any("text/event-stream" in one.get("content", {}) for one in item.get("get", {}).get("responses", {}).values())


def _execute(watched: "Watched", document: dict[str, Any], effort: Effort) -> None:
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    checks: dict[str, Any] = {"enabled": False, **{name: {"enabled": True} for name in CHECKS}}
    phases = {name: {"enabled": name in effort.phases} for name in PHASES}
    config = SchemathesisConfig.from_dict({
        "seed": effort.seed, "phases": phases, "checks": checks, "continue-on-failure": True, "cache": {"enabled": False},
        "generation": {"database": "none", "no-shrink": True, "max-examples": effort.cases},
        **({} if effort.seconds is None else {"max-time": effort.seconds}),
    })  # fmt: skip
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = watched
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, watched.name, watched.figures)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            watched.figures.errors.add(f"{watched.name}: {getattr(event, 'value', event)!r:.300}")


def _note(event: Any, name: str, figures: Figures) -> None:
    """Count the operations of a scenario, and keep the first of each kind of its faults."""
    recorder = event.recorder
    for key, node in recorder.cases.items():
        operation = node.value.operation.label
        figures.operations[name][operation] += 1
        for check in recorder.checks.get(key, ()):
            if check.failure_info is not None:
                told = check.failure_info.failure
                asked = recorder.interactions.get(key)
                answer = "" if asked is None or asked.response is None else f"{asked.response.status_code} {asked.response.text[:300]}"
                said = f"{told.title}: {told.message[:400]} | {check.failure_info.code_sample[:500]} | {answer}"
                figures.faults.setdefault((name, operation, check.name), said)


def try_all(folder: Path, program: str, effort: Effort) -> Figures:
    """Try each document, for a part of the time by the number of its operations."""
    figures = Figures()
    with beside_haproxy(folder, program) as api:
        every = documents(api)
        whole = sum(len(_operations(document)) for document in every.values())
        for path, document in every.items():
            own = effort
            if effort.seconds is not None:
                own = replace(effort, seconds=max(1, effort.seconds * len(_operations(document)) // whole))
            try_document(api, path.strip("/").rpartition("/")[0], document, own, figures)
    return figures


def run_all(minutes: float, seed: int) -> int:
    """Try all; 1 where an answer is not as the document says, or an operation got no case."""
    if not is_there():
        print("Schemathesis is not installed: pip install 'dataplane[test]'", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="dp-documents-") as folder:
        figures = try_all(Path(folder), any_haproxy(), Effort(int(minutes * 60), seed))
    for (name, operation, check), told in sorted(figures.faults.items()):
        print(f"{name} {operation}: {check}: {told}")
    print(*sorted(figures.errors), *(f"no case of {one}" for one in figures.left), sep="\n")
    print(figures)
    return int(bool(figures.faults or figures.left) or any(status >= 500 for status in figures.statuses))
