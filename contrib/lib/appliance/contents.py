"""Put together what stands in one file: compiled modules, native ones, data, facts, a manifest."""

import hashlib
import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution
from pathlib import Path

from licences import TEXT
from locked import normal, requirements

from appliance import libraries
from appliance.chosen import PACKAGES, TOP, modules, own_package, own_plugins
from appliance.compiled import compiled

STARTED = Path(__file__).with_name("started")
_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
_NATIVE_ENDINGS = (_SUFFIX, ".abi3.so")
_TEXTS = {"LICENSE", "NOTICE"}
_DATA = {"json", "lark", "html", "js", "css", "svg", "png", "woff2", "txt", "ico"}


@dataclass
class Contents:
    """What goes into a file: sources to compile, other entries, native modules, and facts."""

    plugins: list[str]
    folder: str
    settings: str
    sources: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, bytes] = field(default_factory=dict)
    native: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    licences: dict[str, list[str]] = field(default_factory=dict)
    has_entry_points: bool = False

    def add_server(self) -> None:
        """Add the server's own modules and data, as its wheel has them."""
        for path, file in modules(self.plugins).items():
            self.sources[path] = file.read_bytes()
        self.sources[f"{PACKAGES[1]}/__init__.py"] = own_package(self.plugins).encode()
        folders = {path.rpartition("/")[0] for path in self.sources}
        for file in sorted(TOP.glob("dataplane_*/**/*")):
            path = file.relative_to(TOP).as_posix()
            around = [path.rsplit("/", depth)[0] for depth in range(1, path.count("/") + 1)]
            is_data = file.is_file() and (file.suffix[1:] in _DATA or file.name in _TEXTS)
            if (
                is_data
                and next(one for one in around if (TOP / one / "__init__.py").exists()) in folders
            ):
                self.entries[path] = file.read_bytes()
        samples = [*TOP.glob("config/*"), *TOP.glob("contrib/systemd/*.service")]
        self.entries |= {
            f"dataplane_core/samples/{one.name}": one.read_bytes()
            for one in samples
            if one.is_file()
        }
        self.versions["dataplane"] = server_version()
        self.licences.setdefault((TOP / "LICENSE").read_text("utf-8"), []).append("dataplane")

    def add(self, distribution: Distribution) -> None:
        """Add a distribution's modules, native ones and data."""
        self.versions[normal(distribution.metadata["Name"])] = distribution.version
        self.has_entry_points |= libraries.declares_plugins(distribution)
        for file in distribution.files or ():
            if TEXT.search(file.as_posix()):
                text = Path(str(distribution.locate_file(file))).read_text("utf-8", "replace")
                self.licences.setdefault(text, []).append(distribution.metadata["Name"])
        for path, file in libraries.files(distribution):
            if path.endswith(".py"):
                self.sources[path] = file.read_bytes()
            elif path.endswith(".so"):
                self._add_native(path, file.read_bytes())
            else:
                self.entries[path] = file.read_bytes()

    def _add_native(self, path: str, data: bytes) -> None:
        ending = next((one for one in _NATIVE_ENDINGS if path.endswith(one)), None)
        if ending is None:
            raise ValueError(f"{path} is no native module of this Python")
        name = path.removesuffix(ending).replace("/", ".")
        self.entries[f"native/{path}"] = data
        self.native[name] = (f"native/{path}", hashlib.sha256(data).hexdigest(), len(data))

    def finished(self, form: str, *, lean: bool) -> dict[str, bytes]:
        """Return the entries of the archive: compiled modules, facts for the start, a manifest."""
        for file in sorted(STARTED.glob("*.py")):
            self.sources[file.name] = file.read_bytes()
        facts = {
            "python": sys.version_info[:2], "folder": self.folder, "native": self.native,
            "lean": lean, "settings": self.settings, "entry_points": self.has_entry_points,
        }  # fmt: skip
        self.sources["appliance_facts.py"] = f"FACTS = {facts!r}\n".encode()
        made = {f"{path}c": data for path, data in compiled(self.sources).items()}
        entries = {**self.entries, **made, "settings.yaml": self.settings.encode()}
        texts = ("{}\n\n{}".format(", ".join(who), text) for text, who in self.licences.items())
        entries["licences.txt"] = f"\n{'-' * 80}\n".join(texts).encode()
        entries["appliance.json"] = self._manifest(form, entries)
        return entries

    def _manifest(self, form: str, entries: dict[str, bytes]) -> bytes:
        told = {
            "name": "dataplane",
            "version": self.versions["dataplane"],
            "form": form,
            "python": f"CPython {'.'.join(map(str, sys.version_info[:2]))}",
            "platform": f"{platform.system()} {platform.machine()}",
            "folder": self.folder,
            "plugins": self.plugins,
            "distributions": dict(sorted(self.versions.items())),
            "sha256": {name: hashlib.sha256(entries[name]).hexdigest() for name in sorted(entries)},
        }
        return json.dumps(told, indent=1).encode() + b"\n"


def server_version() -> str:
    """Return the version of the server that is in the tree."""
    text = (TOP / "dataplane_core" / "__init__.py").read_text("utf-8")
    match = re.search(r'^__version__ = "([^"]+)"', text, re.M)
    assert match is not None
    return match[1]


def needed(plugins: Iterable[str]) -> list[str]:
    """Return the names of the server's requirements, without those of plugins that are left out."""
    names = [libraries.name_of(one) for one in requirements()]
    left_out = {*own_plugins()} - {*plugins}
    return [one for one in names if one not in _ONE_PLUGIN or _ONE_PLUGIN[one] not in left_out]


_ONE_PLUGIN = {"prometheus-client": "changes.metrics"}
"""Requirements that one plugin alone has."""
