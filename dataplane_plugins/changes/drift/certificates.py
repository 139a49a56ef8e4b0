"""How certificates, authorities and revocation lists of the running process differ from files.

HAProxy tells what it has loaded (management guide, section 9.3, "show ssl cert", "show ssl
ca-file", "show ssl crl-file"): fingerprints of certificates, moments of revocation lists.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from dataplane_core.plugin import DataplaneError, Services, read_file
from dataplane_plugins.changes.drift.deviation import Action, Deviation, Nothing
from dataplane_plugins.tls.pem import fingerprints, parse_pem, revocation_times
from dataplane_plugins.tls.ssl_stores import SslStore

_KINDS = {"cert": "certificate", "ca-file": "ca_file", "crl-file": "crl_file"}
_NEVER = Nothing("HAProxy does not tell what it has loaded, only facts of it")
_WORDS = {"cert": "SHA1 FingerPrint", "ca-file": "SHA1 FingerPrint", "crl-file": "Last Update"}


class CertificateDrift:
    """Compares what HAProxy has loaded of each file with the file."""

    def __init__(self, services: Services) -> None:
        self._stores = [SslStore(services, kind) for kind in _KINDS]

    def find(self) -> Iterator[Deviation]:
        """Yield a difference for each file that holds something else than the process has."""
        for store in self._stores:
            for one in store.all():
                if one.name.startswith("/"):
                    yield from self._compare(store, one.name)

    def _compare(self, store: SslStore, name: str) -> Iterator[Deviation]:
        path, kind = Path(name), _KINDS[store.kind]
        try:
            if not path.is_file():  # of a bundle, or removed since: what is loaded stays loaded
                return
            wanted = _facts(store.kind, read_file(path)[0])
        except DataplaneError as error:
            never = Nothing(f"the file cannot be used: {error.message}")
            yield Deviation(kind, name, "content", None, "loaded", never, never)
            return
        found = list(_said(store.details(name), _WORDS[store.kind]))
        if store.kind == "cert":  # HAProxy tells of the first of a chain
            wanted, found = wanted[:1], found[:1]
        if sorted(wanted) == sorted(found):
            return
        load = Action("loads the content of the file", partial(_load, store, name, path))
        yield Deviation(kind, name, "content", wanted, found, load, _NEVER)


def _facts(kind: str, data: bytes) -> list[str]:
    return revocation_times(data) if kind == "crl-file" else fingerprints(data)


def _said(lines: Iterable[str], word: str) -> Iterator[str]:
    for line in lines:
        name, _, value = line.strip().partition(":")
        if name == word:
            yield " ".join(value.split())


def _load(store: SslStore, name: str, path: Path) -> None:
    store.replace(name, parse_pem(read_file(path)[0]).text)
