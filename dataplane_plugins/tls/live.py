"""Files brought to the running HAProxy: maps, ACL lists, certificates and lists of them, CA, CRL.

Management guide, section 9.3: `prepare map`, `set ssl cert`, `new ssl cert`, `set ssl ca-file`,
`set ssl crl-file` and their `commit`, `add ssl crt-list`. HAProxy reads no file again by itself;
what cannot be brought to it over its socket needs a reload.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.plugin import (
    DataplaneError,
    Invalid,
    RuntimeClient,
    RuntimeFailed,
    Services,
    read_file,
    real_path,
)
from dataplane_plugins.patterns.map_files import parse_map_file
from dataplane_plugins.patterns.pattern_lists import (
    PatternKind,
    PatternList,
    RuntimePatterns,
    parse_patterns,
)
from dataplane_plugins.tls.crt_lists import CrtListEntry, CrtLists, parse_crt_list
from dataplane_plugins.tls.pem import PemBundle, pem_or_none
from dataplane_plugins.tls.ssl_stores import SslStore

# What stands before a file's name where HAProxy has a command for what it holds.
_USES = {
    "patterns": re.compile(r"(?:\s-f\s+|\bmap\w*\()[^\s,()]*$"),
    "cert": re.compile(r"\scrt\s+\S*$"),
    "ca-file": re.compile(r"\sca-(?:verify-)?file\s+\S*$"),
    "crl-file": re.compile(r"\scrl-file\s+\S*$"),
    "crt-list": re.compile(r"\scrt-list\s+\S*$"),
}
_KINDS: tuple[PatternKind, ...] = ("map", "acl")
_STORES = ("cert", "ca-file", "crl-file")


class CannotUpdateLive(Exception):
    """The reason why the running HAProxy cannot be given a file's new content."""


class LoadedFiles:
    """The running HAProxy and the files that it has loaded."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.runtime = services.runtime
        self.patterns = tuple(RuntimePatterns(services, kind) for kind in _KINDS)
        self.certificates, *self.others = (SslStore(services, kind) for kind in _STORES)
        self.lists = CrtLists(services)

    def loaded_maps(self) -> dict[str, PatternList]:
        """Return the running maps by the real paths of their files; none without HAProxy."""
        try:
            found = self.patterns[0].all()
        except RuntimeFailed:
            return {}
        return {real_path(one.file): one for one in found if one.file}

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
        with _or_reload(RuntimeFailed, Invalid):
            done = self._replace_patterns(path, data)
        if bundle is not None:
            with _or_reload(DataplaneError):
                done |= self._replace_stores(path, bundle)
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
        with _or_reload(DataplaneError), self.certificates.changing():
            for client in self.runtime.processes():
                name = self._load(client, path, bundle)
                for folder in self._folders(client, path.parent):
                    self.lists.add(folder, [CrtListEntry(name)], client)

    def remove_certificate(self, path: Path) -> None:
        """Take a certificate from HAProxy, unless a line of the configuration names it.

        Raises `CannotUpdateLive`.
        """
        if self.uses(path):
            raise CannotUpdateLive("the configuration names it")
        self._check()
        with _or_reload(DataplaneError), self.certificates.changing():
            for client in self.runtime.processes():
                if any(_known(store, client, path) for store in self.others):
                    raise CannotUpdateLive("HAProxy has loaded it")
                name = _known(self.certificates, client, path)
                if name is None:
                    continue
                for folder in self._folders(client, path.parent):
                    self.lists.remove(folder, name, None, client)
                self.certificates.delete(client, name)

    def replace_list(self, path: Path, before: str, after: str) -> None:
        """Bring a list of certificates, and new certificates that it names, to HAProxy.

        `before` is the text that HAProxy has loaded, `after` the new one. What is new comes before
        the rest goes, so that no name is without a certificate. Raises `CannotUpdateLive`, also
        where the certificate goes that is shown to who names no server.
        """
        if self.uses(path) != {"crt-list"}:
            raise CannotUpdateLive("the running HAProxy has not loaded it as a list")
        self._check()
        old, new = tuple(parse_crt_list(before)), tuple(parse_crt_list(after))
        gone, added = list_changes(old, new)
        with _or_reload(DataplaneError), self.certificates.changing():
            for client in self.runtime.processes():
                name = self._list_name(client, path)
                loaded = self.lists.entries(name, client)
                if [one.shown for one in loaded] != [one.shown for one in old]:
                    raise CannotUpdateLive("the running HAProxy has another list than the file had")
                for entry in added:
                    self._load_named(client, entry.file)
                self.lists.add(name, added, client)
                for at in gone:
                    self.lists.remove(name, loaded[at].file, loaded[at].number, client)

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
        real, text = real_path(path), data.decode("utf-8", "surrogateescape")
        done = set()  # a file that is map and list is one to HAProxy, and shown as both
        for patterns in self.patterns:
            for one in patterns.all():
                if not one.file or one.id in done or real_path(one.file) != real:
                    continue
                rows = parse_map_file(text) if patterns.kind == "map" else parse_patterns(text)
                with patterns.changing(one):
                    patterns.replace(one, rows)
                done.add(one.id)
        return {"patterns"} if done else set()

    def _replace_stores(self, path: Path, bundle: PemBundle) -> set[str]:
        done = set()
        for store in (self.certificates, *self.others):
            with store.changing():
                for client in self.runtime.processes():
                    name = _known(store, client, path)
                    if name is not None:
                        store.put(client, name, bundle.text)
                        done.add(store.kind)
        return done

    def _load(self, client: RuntimeClient, path: Path, bundle: PemBundle) -> str:
        """Give one process a certificate, and return its name there."""
        name = _known(self.certificates, client, path)
        if name is None:
            name = str(path)
            self.certificates.begin(client, name)
        self.certificates.put(client, name, bundle.text)
        return name

    def _load_named(self, client: RuntimeClient, name: str) -> None:
        """Give one process the certificate that a list names, unless it has it."""
        if any(one.name == name for one in self.certificates.of(client)):
            return
        path = Path(name)
        is_file = path.is_absolute() and path.is_file()  # a pipe or a device could have no end
        bundle = pem_or_none(read_file(path)[0]) if is_file else None
        if bundle is None or not bundle.serves:
            raise CannotUpdateLive(f"{name} is no path of a certificate with its key")
        self.certificates.begin(client, name)
        self.certificates.put(client, name, bundle.text)

    def _folders(self, client: RuntimeClient, folder: Path) -> list[str]:
        """Return the names under which HAProxy has loaded a whole folder of certificates."""
        return [name for name in self.lists.names(client) if _is_same(name, folder)]

    def _list_name(self, client: RuntimeClient, path: Path) -> str:
        for name in self.lists.names(client):
            if _is_same(name, path):
                return name
        raise CannotUpdateLive("the running HAProxy has not loaded it")


@contextmanager
def _or_reload(*kinds: type[DataplaneError]) -> Iterator[None]:
    """Turn failures of these kinds into the reason why a reload is needed."""
    try:
        yield
    except kinds as error:
        raise CannotUpdateLive(error.message) from None


def list_changes(
    old: Sequence[CrtListEntry], new: Sequence[CrtListEntry]
) -> tuple[list[int], Sequence[CrtListEntry]]:
    """Return the places of old entries that are to go, and the entries to add at the end.

    HAProxy adds at the end alone, and of two certificates for a name it shows the first: an entry
    that stands elsewhere now goes, and comes again.
    """
    gone, kept = [], 0
    for place, entry in enumerate(old):
        if kept < len(new) and new[kept].line == entry.line:
            kept += 1
        else:
            gone.append(place)
    return gone, new[kept:]


def _known(store: SslStore, client: RuntimeClient, path: Path) -> str | None:
    """Return the name under which HAProxy has loaded a file of certificates; None if it has not."""
    return next((one.name for one in store.of(client) if _is_same(one.name, path)), None)


def _is_same(name: str, path: Path) -> bool:
    return name.startswith("/") and real_path(name) == real_path(path)


def _lines_with(text: str, name: str) -> Iterable[str]:
    if name not in text:
        return ()
    lines = (line.split(" #")[0] for line in text.splitlines())
    return [line for line in lines if name in line and not line.lstrip().startswith("#")]
