"""The files of the page: found below this package, with the names of packages in scripts resolved.

A browser loads a script by a reference, and knows no packages. A script that names one (`import {
html } from "preact-htm"`) is served with a reference to the file that `vendor/vendor.json` has for
that name, so that the page needs no import map, which would have to stand in it as a script.
"""

import hashlib
import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from dataplane_core.plugin import NotFound, parse_json

FOLDERS = ("app", "parts", "views", "style", "vendor")
"""The folders of files that are served; `vendor` has those that others have written."""

MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "woff2": "font/woff2",
}
_FIRST = ("app/main.js", "views/map.js")
"""The scripts that begin the page, and the view that it opens with."""
_SMALLEST = 1024  # bytes from which on less is sent if it is compressed
_COMPRESSED_ALREADY = frozenset({"png", "woff2"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.(\w+)")
_IMPORT = re.compile(rb"""^import\b[^;"']*["']\.\.?/([^"']+)["']""", re.M)
_PACKAGE = Path(str(files(__package__)))
_STATIC, _VENDOR = _PACKAGE / "static", _PACKAGE / "vendor"


class PageFile(NamedTuple):
    """A file as it is served: as it is, and compressed where that is shorter, each with its tag."""

    media: str
    data: bytes
    tag: str
    packed: bytes = b""

    def form(self, takes_gzip: bool) -> tuple[bytes, str, bool]:
        """Return what is sent, its tag (ETag), and whether it is compressed."""
        if takes_gzip and self.packed:
            return self.packed, f"{self.tag}-gzip", True
        return self.data, self.tag, False


class PageFiles:
    """Reads each file when it is first asked for, and again once it has changed."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[object, PageFile]] = {}

    def index(self, base: str, prefix: str) -> PageFile:
        """Return the page itself.

        `base` is a reference to the folder of its files, and `prefix` one to the top of the server,
        without a slash at its end: a proxy may have put something in front of all paths.
        """
        found = self._file(_STATIC / "index.html", "text/html; charset=utf-8")
        links = [f'<link rel="modulepreload" href="{{base}}/{name}">' for name in self.begin()]
        text = found.data.replace(b"{modules}", "\n".join(links).encode())
        text = text.replace(b"{base}", base.encode()).replace(b"{prefix}", prefix.encode())
        return PageFile(found.media, text, _tag(text))

    def begin(self) -> list[str]:
        """Return the scripts that the page begins with, and all that they import.

        The page names them at its top: a browser that found them one after the other would wait
        for as many answers as the longest chain of imports has.
        """
        found = list(_FIRST)
        for name in found:  # which grows meanwhile
            folder, _, file = name.partition("/")
            try:
                data = self.get(folder, file).data
            except NotFound:
                continue  # the browser will say so where the script is imported
            for match in _IMPORT.finditer(data):
                other = match[1].decode()
                other = other if "/" in other else f"{folder}/{other}"
                if other not in found:
                    found.append(other)
        return found

    def get(self, folder: str, name: str) -> PageFile:
        """Return a file of one of `FOLDERS`; raises `NotFound` for all that is not served."""
        match = _NAME.fullmatch(name)
        media = MEDIA.get(match[1]) if match else None
        if folder in FOLDERS and media is not None:
            path = _VENDOR / name if folder == "vendor" else _STATIC / folder / name
            try:
                return self._file(path, media)
            except OSError:
                pass
        raise NotFound(f"the page has no file {folder}/{name}")

    def _file(self, path: Path, media: str) -> PageFile:
        stamp = _stamp(path), _stamp(_VENDOR / "vendor.json")
        known = self._read.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        found = _read(path, media)
        self._read[path] = stamp, found
        return found


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path, media: str) -> PageFile:
    import gzip

    data = path.read_bytes()
    if media == MEDIA["js"]:
        data = resolve_specifiers(data, vendored())
    packed = b""
    if len(data) >= _SMALLEST and path.suffix[1:] not in _COMPRESSED_ALREADY:
        packed = gzip.compress(data, 9, mtime=0)
    return PageFile(media, data, _tag(data), packed if len(packed) < len(data) else b"")


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]


def vendored() -> dict[str, str]:
    """Return the files of `vendor/` by the names of packages that scripts import them by."""
    listed = parse_json((_VENDOR / "vendor.json").read_bytes())
    return {one["specifier"]: one["file"] for one in listed if one.get("specifier")}


def resolve_specifiers(script: bytes, names: dict[str, str]) -> bytes:
    """Return a script that imports from files what it imports from packages.

    All folders stand beside each other, so one reference is right in each.
    """
    if not names:
        return script
    either = b"|".join(re.escape(name.encode()) for name in names)
    wanted = re.compile(rb"""(\b(?:from|import)\s*\(?\s*)(["'])(%b)\2""" % either)

    def resolved(match: re.Match[bytes]) -> bytes:
        file = names[match[3].decode()].encode()
        return b"%b%b../vendor/%b%b" % (match[1], match[2], file, match[2])

    return wanted.sub(resolved, script)
