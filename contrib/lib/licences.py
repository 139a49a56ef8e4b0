"""The list of what ships that others have written, and under which licence; from their metadata."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from locked import FOLDER, TOP, normal

LIST = FOLDER / "licences.txt"
ALLOWED = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "MIT", "MIT-0", "MPL-2.0"),
}
"""Licences that ask for no more than that their text, and changes of their files, go with it."""
TEXT = re.compile(r"(?i)\.dist-info/(?:licenses/)?(?:[^/]+/)*(licen[cs]e|copying|notice)[^/]*$")
"""The texts of licences in a wheel, and in what is unpacked of it."""
SCRIPTS = TOP / "dataplane_plugins" / "page" / "vendor" / "vendor.json"
_DOCUMENTS = TOP / "dataplane_plugins" / "service" / "assets"
_HEAD = """\
# Written by contrib/lock: what ships that others have written, with its licence. The server's own
# is Apache-2.0. The texts of libraries are in their *.dist-info, those of scripts beside these.
"""
_OLD_NAMES = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


class NoLicence(Exception):
    """Metadata says no licence that can be named."""


def licence_of(facts: Message, text: str) -> str:
    """Return the SPDX expression of a distribution's licence, by its metadata.

    Older metadata say "BSD": whether two clauses or three, the text of the licence tells.
    """
    if told := facts["License-Expression"]:
        return str(told)
    told = facts["License"] or ""
    classes = [one.rpartition(" :: ")[2] for one in facts.get_all("Classifier", ())]
    for one in (told, *classes):
        if one in ALLOWED or one in _OLD_NAMES:
            return _OLD_NAMES.get(one, one)
    if told == "BSD" or "BSD License" in classes:
        return "BSD-3-Clause" if re.search(r"(?i)neither the name", text) else "BSD-2-Clause"
    raise NoLicence(f"{facts['Name']}: {told or classes or 'its metadata name none'}")


def of_wheel(wheel: Path) -> str:
    """Return the line of a library."""
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        [metadata] = [one for one in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
        facts = message_from_bytes(packed.read(metadata))
        texts = [packed.read(one).decode(errors="replace") for one in names if TEXT.search(one)]
    if not texts:
        raise NoLicence(f"{wheel.name} brings no text of a licence")
    licence = licence_of(facts, "".join(texts))
    return f"library {normal(facts['Name'])} {facts['Version']}: {licence}"


def scripts() -> Iterator[tuple[str, str, str]]:
    """Yield name, version and licence of what browsers are given, by its package's name at npm."""
    entries = json.loads(SCRIPTS.read_text("utf-8"))
    yield from sorted({(one["name"], one["version"], one["licence"]) for one in entries})
    told = re.search(r"Swagger UI (\S+) as\D+`([^`]+)` ships them \(([^,]+),", _page("README.md"))
    assert told is not None, "the documents' page does not say what it brings"
    yield told[2], told[1], told[3]


def _page(name: str) -> str:
    return " ".join((_DOCUMENTS / name).read_text("utf-8").split())


def lines(wheels: Iterable[Path]) -> list[str]:
    """Return the lines of the list: libraries, then scripts."""
    ours = [f"script {name} {version}: {licence}" for name, version, licence in scripts()]
    return [*sorted(of_wheel(one) for one in wheels), *ours]


def write(wheels: Iterable[Path]) -> None:
    """Write the list anew."""
    LIST.write_text(_HEAD + "\n".join(lines(wheels)) + "\n")


def listed() -> dict[tuple[str, str, str], str]:
    """Return the licences of the list, by kind, name and version."""
    found = re.findall(r"(?m)^(library|script) (\S+) (\S+): (.+)$", LIST.read_text("utf-8"))
    return {(kind, name, version): licence for kind, name, version, licence in found}


def names(expression: str) -> set[str]:
    """Return the licences that an expression names."""
    return set(re.findall(r"[\w.-]+", expression)) - {"AND", "OR", "WITH"}
