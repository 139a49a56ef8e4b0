"""`/storage/ssl_certificates`: certificates with their keys, CA and CRL files.

What HAProxy could not load is refused. Private keys are for the owner alone, and in no answer.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    NOT_FOUND,
    ApiRequest,
    Fact,
    FileRefused,
    Gauge,
    NamedInFile,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    decode_text,
    impl,
    operation,
    read_file,
    rehearsing,
    to_json,
)
from dataplane_plugins.storage.files import (
    ManagedFiles,
    StoredFileList,
    certificate_folder,
    live_unless_reloaded,
)
from dataplane_plugins.storage.operations import (
    FORCE,
    PATH,
    SKIP,
    TAG,
    V2,
    V3,
    delete_operation,
    list_operation,
    reload_queued,
    replace_operation,
    upload_operation,
)
from dataplane_plugins.tls.certificate_schema import define_certificates
from dataplane_plugins.tls.crt_lists import is_crt_list, parse_crt_list
from dataplane_plugins.tls.pem import (
    AROUND,
    MOST_BYTES,
    brief_facts,
    certificate_facts,
    check_key,
    check_pem,
)

_ONE = {"$ref": "ssl_certificate"}
_NEAR = 30
"""Days before its end from which on `dataplane status` shows a certificate."""


class Certificates(ManagedFiles):
    """The files of certificates; `facts` gives what the first certificate in a file says."""

    def __init__(self, services: Services, facts: Callable[[bytes], dict[str, Any]]) -> None:
        folder = certificate_folder(services)
        super().__init__(services, folder, "managed SSL file", refusal=FileRefused)
        self.facts = facts
        self.most_bytes = MOST_BYTES + AROUND

    def told(self, name: str, data: bytes) -> dict[str, Any]:
        """Return a file as clients see it, with the facts of its certificate, and its size."""
        return {**self.shown(name), **self.facts(data), "size": len(data)}

    def lists_naming(self, name: str) -> Iterator[NamedInFile]:
        """Yield the lines of stored lists of certificates that name a file."""
        path = str(self.folder.path / name)
        for other in self.folder.names():
            data = self.folder.read(other)
            for entry in parse_crt_list(decode_text(data)) if is_crt_list(data) else ():
                if entry.file == path:
                    yield NamedInFile(self.folder.path / other, entry.number, path, "certificate")


class CertificateList(StoredFileList):
    """The files: GET; upload one: POST."""

    files: Certificates

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        files = self.files
        name, _, bundle = files.receive(req, check_pem)

        def change(path: Path) -> None:
            files.live.add_certificate(path, bundle)

        with files.changing():
            reason = live_unless_reloaded(req, change)(files.folder.path / name)
        data = files.content(name)
        files.settle(req, resp, name, reason, files.made(name), 201)
        resp.data = to_json(files.told(name, data))


class CertificateListBesideLists(CertificateList):
    """The files but lists of certificates, which are a resource of their own."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        files = self.files
        names = [name for name in files.folder.names() if not is_crt_list(files.folder.read(name))]
        resp.data = to_json([files.shown(name) for name in names])


class CertificateItem:
    """One file: what its certificate says: GET; another: PUT; DELETE."""

    def __init__(self, files: Certificates) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        name = self.files.folder.stored_name(name)
        resp.data = to_json(self.files.told(name, self.files.folder.read(name)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        name = self.files.folder.stored_name(name)
        path = self.files.folder.find(name)
        bundle = check_pem(req.raw)
        if self.files.services.used_files.uses(path) and self.files.live.may_show(path):
            check_key(bundle, self.files.folder.read(name), _key_beside(path))

        def change(path: Path) -> None:
            self.files.live.replace(path, req.raw, bundle, adds=True)

        reason, former = self.files.write(name, req.raw, live_unless_reloaded(req, change))
        self.files.settle(req, resp, name, reason, former, 200)
        resp.data = to_json(self.files.told(name, req.raw))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        name = self.files.folder.stored_name(name)
        change = live_unless_reloaded(req, self.files.live.remove_certificate)
        reason, former = self.files.remove(name, change)
        if (noted := rehearsing()) is not None:
            noted.dangling.extend(self.files.lists_naming(name))
        self.files.settle(req, resp, name, reason, former, 204)


def _key_beside(path: Path) -> bytes:
    """Return the file in which HAProxy looks for a key that a certificate's own file lacks."""
    for place in (path.with_name(f"{path.name}.key"), path.with_suffix(".key")):
        if place != path and place.is_file():
            return read_file(place)[0]
    return b""


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    certificate_folder(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve certificates."""
    define_certificates(routes)
    listing = {
        "GET": list_operation(
            "getAllStorageSSLCertificates",
            "List certificates. The files in `ssl_certs_dir`, each with what its certificate says.",
            {"$ref": "ssl_certificates"},
        )
    }
    one = {
        "GET": operation(
            "getOneStorageSSLCertificate",
            TAG,
            "Read a certificate. Whom it is for, who has issued it, and how long it is valid; "
            "never its key.",
            _200=Response(_ONE),
            _404=NOT_FOUND,
        ),
        "PUT": replace_operation(
            "replaceStorageSSLCertificate",
            "Replace a certificate. HAProxy gets it over the Runtime API, or is reloaded.",
            _ONE,
        ),
        "DELETE": delete_operation(
            "deleteStorageSSLCertificate",
            "Delete a certificate. A file that the configuration names is kept.",
            (SKIP, FORCE),
            _202=reload_queued(),
        ),
    }
    path, files = f"{PATH}/ssl_certificates", Certificates(services, certificate_facts)
    routes.add(path, CertificateList(files), {**listing, "POST": _uploading(FORCE)}, V2)
    routes.add(f"{path}/{{name}}", CertificateItem(files), one, V2)
    files, several = (
        Certificates(services, brief_facts),
        {**listing, "POST": _uploading(SKIP, FORCE)},
    )
    routes.add(path, CertificateListBesideLists(files), several, V3)
    routes.add(f"{path}/{{name}}", CertificateItem(files), one, V3)


def _uploading(*parameters: Parameter) -> Operation:
    return upload_operation(
        "createStorageSSLCertificate",
        "Upload a certificate. A PEM file with the certificate, its key and its chain; "
        "HAProxy gets it over the Runtime API, or is reloaded.",
        _ONE,
        parameters,
        _202=reload_queued(_ONE),
    )


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Yield how many days each certificate is still valid, that which ends first in front."""
    place, now = certificate_folder(services), datetime.now(UTC)
    paths = [place.path / name for name in place.names()]
    ends = [(end, path.name) for path in paths if (end := _end_of(path, _identity(path)))]
    for end, name in sorted(ends):
        days = (end - now).total_seconds() / 86400
        said = "Days until a certificate in ssl_certs_dir ends."
        yield Gauge("certificate_days_left", said, round(days, 3), (("file", name),))


def _identity(path: Path) -> tuple[int, ...]:
    """Return what changes whenever the file does; nothing where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(1024)
def _end_of(path: Path, identity: tuple[int, ...]) -> datetime | None:
    """Return when the first certificate in a file ends, as it was read at that identity."""
    until = certificate_facts(read_file(path)[0]).get("not_after") if identity else None
    return None if until is None else datetime.fromisoformat(until)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Yield the certificates that have expired, or will within 30 days."""
    place = certificate_folder(services)
    soon = datetime.now(UTC) + timedelta(days=_NEAR)
    for name in place.names():
        until = certificate_facts(place.read(name)).get("not_after")
        if until is None or (end := datetime.fromisoformat(until)) > soon:
            continue
        over = end < datetime.now(UTC)
        text = f"{name} {'expired' if over else 'expires'} on {end:%Y-%m-%d}"
        yield Fact("certificate", text, bad=over, doubtful=not over)
