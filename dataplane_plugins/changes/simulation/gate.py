"""Refuse changes after which requests are not treated as a file expects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataplane_core.plugin import DataplaneError, Document, NotFound, Registry
from dataplane_plugins.changes.applying.yaml_text import parse_yaml
from dataplane_plugins.changes.simulation.admission import ScratchBusy
from dataplane_plugins.changes.simulation.expectations import described, failures, read_requests
from dataplane_plugins.changes.simulation.pool import Pool
from dataplane_plugins.changes.simulation.requests import SimulatedRequest
from dataplane_plugins.changes.simulation.scratch_text import Subject
from dataplane_plugins.changes.simulation.simulator import Simulator

_LARGEST = 4 << 20


def stored_file(folder: str, name: str) -> Path:
    """Return the path of a file of expectations in the general storage; raises `NotFound`."""
    path = Path(folder) / name
    if "/" in name or name.startswith(".") or not path.is_file():
        raise NotFound(f"gate_expect in query: the general storage has no file {name}")
    return path


class Gate:
    """The requests of a file, with what is expected of each; `shown` is what it is called."""

    def __init__(self, path: Path, pool: Pool, registry: Registry, shown: str = "") -> None:
        self._path = path
        self._shown = shown or path
        self._admission = pool.admission
        self._simulator = Simulator(pool, registry, lambda reference: None)

    def check(self, document: Document) -> Iterator[str]:
        """Yield a sentence for each request that a configuration does not treat as expected.

        What cannot be tried is not taken for good. Raises `ScratchBusy` if too many changes are
        tried at once.
        """
        try:
            requests = self._requests()
            with self._admission.place():
                results = self._simulator.results(Subject(document), requests)
        except ScratchBusy:
            raise
        except DataplaneError as error:
            yield f"the requests in {self._shown} cannot be tried: {error.message}"
            return
        for request, result in zip(requests, results, strict=True):
            wrong = " and ".join(failures(request.expect, result))
            if wrong:
                yield f"{described(request)} in {self._shown} is not treated as expected: {wrong}"

    def _requests(self) -> list[SimulatedRequest]:
        try:
            with open(self._path, "rb") as file:
                text = file.read(_LARGEST).decode("utf-8", "surrogateescape")
        except OSError as error:
            raise DataplaneError(f"the file cannot be read: {error.strerror}") from None
        found: Any = parse_yaml(text, "the file")
        if isinstance(found, dict):
            return read_requests(found.get("requests"), found.get("defaults"))
        return read_requests(found)
