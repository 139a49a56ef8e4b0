"""Hostile strings in every string that a client can send, in every version of the interface.

No value of a property makes a second line, or another word at the head of one; none fails for an
unforeseen reason; and what is taken is read back as it was said. Parameters, and bodies that are no
object of the configuration, are sent to the server, and none of them is answered with a 5xx.
"""

import tempfile
from pathlib import Path

from tests.laws.support import Everything
from tests.torture.beside import any_haproxy, beside_haproxy
from tests.torture.hostile.objects import VERSIONS, Figures, subjects, try_all
from tests.torture.hostile.requests import Known, try_requests


def known_schemas(api: Everything) -> Known:
    """The schemas of the objects that are tried as such, by versions."""
    found: dict[str, set[str]] = {version: set() for version in VERSIONS}
    for subject, _ in subjects(api):
        found[subject.view.version.name].add(subject.view.version.naming(subject.one).schema)
    return {version: frozenset(names) for version, names in found.items()}


def run_all() -> int:
    """Try all; 1 where a value does more than it says, or a property could not be tried."""
    with tempfile.TemporaryDirectory(prefix="dp-injection-") as folder:
        api = Everything(Path(folder), "global\n")
        every = {version: try_all(api, (version,)) for version in VERSIONS}
        known = known_schemas(api)
    with tempfile.TemporaryDirectory(prefix="dp-injection-") as folder, beside_haproxy(Path(folder), any_haproxy()) as beside:
        every["requests"] = try_requests(beside, known)
    for figures in every.values():
        print(*figures.breaches, *(f"no baseline: {one}" for one in figures.without_baseline), sep="\n")
    for name, figures in every.items():
        print(f"{name}: {figures}")
    return int(any(one.breaches or one.without_baseline for one in every.values()))


__all__ = ["Figures", "known_schemas", "run_all"]
