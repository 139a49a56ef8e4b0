"""Hostile strings in every string that a client can send, in every version of the interface.

No value of a property makes a second line, or another word at the head of one; none fails for an
unforeseen reason; and what is taken is read back as it was said. Parameters, and bodies that are no
object of the configuration, are sent to the server, and none of them is answered with a 5xx.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.laws.support import Everything
from tests.torture.beside import any_haproxy, beside_haproxy
from tests.torture.hostile.objects import VERSIONS, Figures, subjects, try_all, try_some
from tests.torture.hostile.requests import Known, try_requests
from tests.torture.hostile.verdicts import Judge, Verdicts

SHOWING = ("2.8", "3.2")
"""The versions of HAProxy that are asked; older ones do not show the words of lines."""


def known_schemas(api: Everything) -> Known:
    """The schemas of the objects that are tried as such, by versions."""
    found: dict[str, set[str]] = {version: set() for version in VERSIONS}
    for subject, _ in subjects(api):
        found[subject.view.version.name].add(subject.view.version.naming(subject.one).schema)
    return {version: frozenset(names) for version, names in found.items()}


def run_all(most: int = 0, seed: int = 0) -> int:
    """Try all, or a sample of so many objects and places; 1 where a value does more than it says, or was not tried."""
    with tempfile.TemporaryDirectory(prefix="dp-injection-") as folder:
        api = Everything(Path(folder), "global\n")
        if most:
            every = {"some": try_some(api, seed, most)}
        else:
            every = {version: try_all(api, (version,)) for version in VERSIONS}
        known = known_schemas(api)
    with tempfile.TemporaryDirectory(prefix="dp-injection-") as folder, beside_haproxy(Path(folder), any_haproxy()) as beside:
        every["requests"] = try_requests(beside, known, most, seed)
    judged = verdicts_of({text: about for figures in every.values() for text, about in figures.texts.items()})
    for figures in every.values():
        print(*figures.breaches, *(f"no baseline: {one}" for one in figures.without_baseline), sep="\n")
    for name, figures in every.items():
        print(f"{name}: {figures}")
    for name, verdicts in judged.items():
        print(*verdicts.breaches, f"HAProxy {name}: {verdicts}", sep="\n")
    return int(
        any(one.breaches or one.without_baseline for one in every.values()) or any(one.breaches for one in judged.values())
    )


def verdicts_of(texts: Mapping[str, str]) -> dict[str, Verdicts]:
    """What each HAProxy that shows words says of the texts that were made."""
    found = {}
    for name, program in installed().items():
        if name in SHOWING:
            with tempfile.TemporaryDirectory(prefix="dp-injection-") as folder:
                found[name] = Judge(str(program), Path(folder)).try_all(texts)
    return found


__all__ = ["Figures", "known_schemas", "run_all"]
