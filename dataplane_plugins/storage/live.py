"""Files brought to the running HAProxy: maps, ACL lists, certificates, CA and CRL files.

Management guide, section 9.3: `prepare map`, `set ssl cert`, `new ssl cert`, `set ssl ca-file`,
`set ssl crl-file` and their `commit`. HAProxy reads no file again by itself; what cannot be brought
to it over its socket needs a reload.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from dataplane_core.plugin import (
    DataplaneError,
    Invalid,
    RuntimeClient,
    RuntimeFailed,
    Services,
    runtime_argument,
)
from dataplane_plugins.patterns.map_files import parse_map_file
from dataplane_plugins.patterns.pattern_lists import PatternKind, PatternList, RuntimePatterns
from dataplane_plugins.storage.certificates import PemBundle

COMMIT_SECONDS = 10.0
"""How long HAProxy may take to put a certificate to use, in all listeners that have it."""

# What stands before a file's name where HAProxy has a command for what it holds.
_USES = {
    "patterns": re.compile(r"(?:\s-f\s+|\bmap\w*\()[^\s,()]*$"),
    "ssl cert": re.compile(r"\scrt\s+\S*$"),
    "ssl ca-file": re.compile(r"\sca-(?:verify-)?file\s+\S*$"),
    "ssl crl-file": re.compile(r"\scrl-file\s+\S*$"),
}
_BEGUN = re.compile(r"^transaction (?:created|updated) for ", re.IGNORECASE | re.MULTILINE)
_KINDS: tuple[PatternKind, ...] = ("map", "acl")
_STORES = ("ssl cert", "ssl ca-file", "ssl crl-file")


class CannotUpdateLive(Exception):
    """The reason why the running HAProxy cannot be given a file's new content."""


class LoadedFiles:
    """The running HAProxy and the files that it has loaded."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.runtime = services.runtime
        self.patterns = tuple(RuntimePatterns(services, kind) for kind in _KINDS)

    def loaded_maps(self) -> dict[str, PatternList]:
        """Return the running maps by the real paths of their files; none without HAProxy."""
        try:
            found = self.patterns[0].all()
        except RuntimeFailed:
            return {}
        return {os.path.realpath(one.file): one for one in found if one.file}

    def replace(
        self, path: Path, data: bytes, bundle: PemBundle | None, *, adds: bool = False
    ) -> None:
        """Give HAProxy the new content of a file that it has loaded, at once for the traffic.

        `bundle` is what the file holds, if that is PEM; `adds`: a certificate that HAProxy has not
        loaded is added. Raises `CannotUpdateLive`, and `BadRequest` when HAProxy refuses an entry
        of a map or list: it would not load the file either.
        """
        uses = self.uses(path)
        self._check()
        try:
            done = self._replace_patterns(path, data)
            if bundle is not None:
                done |= self._replace_stores(path, bundle)
        except (RuntimeFailed, Invalid) as error:
            raise CannotUpdateLive(error.message) from None
        if missing := uses - done:
            raise CannotUpdateLive(
                f"HAProxy has not loaded it as what it is used for: {missing.pop()}"
            )
        if done:
            return
        if bundle is None or not adds:
            raise CannotUpdateLive("the running HAProxy has not loaded it")
        self.add_certificate(path, bundle)

    def add_certificate(self, path: Path, bundle: PemBundle) -> None:
        """Give HAProxy a new certificate, and where its folder is loaded, to its listeners.

        Raises `CannotUpdateLive`.
        """
        if not bundle.serves:
            raise CannotUpdateLive("it is no certificate with its key")
        if self.uses(path):
            raise CannotUpdateLive("the configuration names it already")
        self._check()
        try:
            for client in self.runtime.processes():
                name = _known(client, "ssl cert", path)
                if name is None:
                    name = str(path)
                    self._tell(client, f"new ssl cert {runtime_argument(name)}", "New empty")
                self._put(client, "ssl cert", name, bundle.text)
                for folder in _folders(client, path.parent):
                    words = f"add ssl crt-list {runtime_argument(folder)} {runtime_argument(name)}"
                    self._tell(client, words, "Success", COMMIT_SECONDS)
        except (RuntimeFailed, Invalid) as error:
            raise CannotUpdateLive(error.message) from None

    def remove_certificate(self, path: Path) -> None:
        """Take a certificate from HAProxy, unless a line of the configuration names it.

        Raises `CannotUpdateLive`.
        """
        if self.uses(path):
            raise CannotUpdateLive("the configuration names it")
        self._check()
        try:
            for client in self.runtime.processes():
                if any(_known(client, store, path) for store in _STORES[1:]):
                    raise CannotUpdateLive("HAProxy has loaded it")
                name = _known(client, "ssl cert", path)
                if name is None:
                    continue
                for folder in _folders(client, path.parent):
                    words = f"del ssl crt-list {runtime_argument(folder)} {runtime_argument(name)}"
                    self._tell(client, words, "deleted")
                self._tell(client, f"del ssl cert {runtime_argument(name)}", "deleted")
        except (RuntimeFailed, Invalid) as error:
            raise CannotUpdateLive(error.message) from None

    def uses(self, path: Path) -> set[str]:
        """Return what a file is used for; raises `CannotUpdateLive` if only a reload reads it."""
        text = self.services.config.snapshot().document.text()
        found = set()
        for line in _lines_with(text, path.name):
            for match in re.finditer(rf"(?<![\w.+=@-]){re.escape(path.name)}(?![\w.+=@-])", line):
                before = line[: match.start()]
                use = next((use for use, form in _USES.items() if form.search(before)), None)
                if use is None:
                    raise CannotUpdateLive(
                        "a line of the configuration names it that is read at start"
                    )
                found.add(use)
        return found

    def may_show(self, path: Path) -> bool:
        """Return whether HAProxy may present a file as its own certificate, which needs its key.

        An authority's certificate, or a list of revocations, is only compared with those of others.
        """
        try:
            uses = self.uses(path)
        except CannotUpdateLive:
            return True
        return not uses or not uses <= set(_STORES[1:])

    def _check(self) -> None:
        if self.services.reloads.under_way():
            raise CannotUpdateLive("a reload was under way, which may have read the former file")

    def _replace_patterns(self, path: Path, data: bytes) -> set[str]:
        real, text = os.path.realpath(path), data.decode("utf-8", "surrogateescape")
        done = set()  # a file that is map and list is one to HAProxy, and shown as both
        for patterns in self.patterns:
            for one in patterns.all():
                if not one.file or one.id in done or os.path.realpath(one.file) != real:
                    continue
                rows = parse_map_file(text) if patterns.kind == "map" else _patterns_of(text)
                with patterns.changing(one):
                    patterns.replace(one, rows)
                done.add(one.id)
        return {"patterns"} if done else set()

    def _replace_stores(self, path: Path, bundle: PemBundle) -> set[str]:
        done = set()
        for client in self.runtime.processes():
            for store in _STORES:
                name = _known(client, store, path)
                if name is not None:
                    self._put(client, store, name, bundle.text)
                    done.add(store)
        return done

    def _put(self, client: RuntimeClient, store: str, name: str, text: str) -> None:
        """Replace one stored file, in a transaction of HAProxy's own."""
        word = runtime_argument(name)
        if len(text) + len(word) + 64 > self.runtime.line_limit:
            raise Invalid("it is larger than HAProxy takes over its socket; tune.bufsize sets that")
        answer = client.send(f"set {store} {word}", text, self.runtime.deadline)
        if not _BEGUN.search(answer):
            raise RuntimeFailed(f"HAProxy says: {_short(answer)}")
        try:
            self._tell(client, f"commit {store} {word}", "Success", COMMIT_SECONDS)
        except DataplaneError:
            with suppress(DataplaneError):
                client.command(f"abort {store} {word}", self.runtime.deadline)
            raise

    def _tell(
        self, client: RuntimeClient, text: str, expected: str, seconds: float | None = None
    ) -> None:
        if seconds is None:
            answer = client.command(text, self.runtime.deadline)
        else:
            answer = client.finish(text, seconds)
        if expected not in answer:
            raise RuntimeFailed(f"HAProxy says: {_short(answer)}")


def _known(client: RuntimeClient, store: str, path: Path) -> str | None:
    """Return the name under which HAProxy has loaded a file of certificates; None if it has not."""
    real = os.path.realpath(path)
    for line in client.command(f"show {store}").splitlines():
        name = re.sub(r" - \d+ certificate\(s\)$", "", line.strip())
        if name.startswith("/") and os.path.realpath(name) == real:
            return name
    return None


def _folders(client: RuntimeClient, folder: Path) -> list[str]:
    """Return the names under which HAProxy has loaded a whole folder of certificates."""
    real = os.path.realpath(folder)
    found = client.command("show ssl crt-list").split("\n")
    return [name for name in found if name.startswith("/") and os.path.realpath(name) == real]


def _patterns_of(text: str) -> Iterator[tuple[str]]:
    """Yield the patterns of a list's file, a line each, without comments and leading blanks."""
    for line in re.split(r"[\r\n]", text):
        pattern = line.lstrip(" \t")
        if pattern and not line.startswith("#"):
            yield (pattern,)


def _lines_with(text: str, name: str) -> Iterable[str]:
    if name not in text:
        return ()
    lines = (line.split(" #")[0] for line in text.splitlines())
    return [line for line in lines if name in line and not line.lstrip().startswith("#")]


def _short(answer: str) -> str:
    return " ".join(answer.split())[:300] or "nothing"
