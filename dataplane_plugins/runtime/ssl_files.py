"""`/runtime/ssl_certs`, `/runtime/ssl_ca_files`, `/runtime/ssl_crl_files`: what HAProxy has loaded.

Names are those under which HAProxy has it: a path where a line of the configuration names the
file, and the name of an upload for what was added since. Nothing is written to a file.
"""

import os
import re
from typing import Any

import falcon

from dataplane_core.plugin import (
    FILE_FIELD,
    ApiRequest,
    Invalid,
    NotFound,
    Routes,
    Services,
    impl,
    open_upload,
    to_json,
)
from dataplane_plugins.runtime import ssl_operations as operations
from dataplane_plugins.runtime.common import NAME_PATTERN, PATH, V3, rehearsed
from dataplane_plugins.runtime.ssl_details import (
    ca_file_certificates,
    certificate_details,
    revocation_lists,
)
from dataplane_plugins.tls.pem import AROUND, MOST_BYTES, parse_pem
from dataplane_plugins.tls.ssl_stores import LoadedName, SslStore


class SslFiles:
    """What HAProxy has of one kind, and uploads for it."""

    def __init__(self, services: Services, kind: str) -> None:
        self.store = SslStore(services, kind)
        self._limit = min(services.settings.dataplane.body_limit, MOST_BYTES + AROUND)

    def shown(self, one: LoadedName) -> dict[str, Any]:
        """Return one as lists show it."""
        if one.count:
            return {"count": one.count, "storage_name": one.name}
        return {"description": os.path.basename(one.name), "storage_name": one.name}

    def receive(self, req: ApiRequest) -> tuple[str, str]:
        """Return the name of the uploaded file, and its objects; raises `Invalid` for no PEM."""
        upload = open_upload(req, FILE_FIELD, self._limit)
        text = parse_pem(b"".join(upload.pieces())).text
        name = os.path.basename(upload.filename)
        if not re.search(NAME_PATTERN, name) or name.startswith("@"):
            raise Invalid(
                "the file in the body needs a filename that a path can have, which begins with "
                "no @ and has none of <>*;$#&{}"
            )
        return name, text


class SslFileList:
    """All of a kind: GET; load a new one: POST."""

    def __init__(self, files: SslFiles) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([self.files.shown(one) for one in self.files.store.all()])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        self.files.store.create(*self.files.receive(req))
        resp.status = 201


class SslFileItem:
    """One: another content: PUT, answered with `replaced`; DELETE."""

    replaced = 200

    def __init__(self, files: SslFiles) -> None:
        self.files = files

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        _, text = self.files.receive(req)
        self.files.store.replace(name, text)
        resp.status = self.replaced

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self.files.store.remove(name)
        resp.status = 204


class LoadedCertificate(SslFileItem):
    """One certificate: what HAProxy says of it: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.data = to_json(certificate_details(name, self.files.store.details(name)))


class LoadedCaFile(SslFileItem):
    """One CA file: how many certificates it has: GET."""

    replaced = 201

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.data = to_json(self.files.shown(self.files.store.one(name)))


class LoadedRevocations(SslFileItem):
    """One file of revocation lists: all of them, or the one with a number from 1: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        found = revocation_lists(name, self.files.store.details(name))
        index = req.query["index"]
        resp.data = to_json(found if index is None else found[max(index - 1, 0) :][:1])


class CaFileEntries:
    """The certificates of a CA file: one more: POST."""

    def __init__(self, files: SslFiles) -> None:
        self.files = files

    def on_post(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        _, text = self.files.receive(req)
        known = self._serials(name)
        self.files.store.replace(name, text, add=True)
        found = ca_file_certificates(name, self.files.store.details(name))
        new = [one for one in found if one.get("serial") not in known]
        resp.status = 201
        resp.data = to_json((new or found or [{}])[-1])  # what is only rehearsed is not there

    def _serials(self, name: str) -> set[str]:
        found = ca_file_certificates(name, self.files.store.details(name))
        return {one.get("serial", "") for one in found}


class CaFileEntry:
    """One certificate of a CA file, by its number from 1: GET."""

    def __init__(self, files: SslFiles) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str, index: int) -> None:
        found = ca_file_certificates(name, self.files.store.details(name))
        if not 1 <= index <= len(found):
            raise NotFound(f"{name} has {len(found)} certificates, numbered from 1")
        resp.data = to_json(found[index - 1])


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve what HAProxy has loaded."""
    operations.define_ssl_schemas(routes)
    certificates = SslFiles(services, "cert")
    authorities = SslFiles(services, "ca-file")
    revocations = SslFiles(services, "crl-file")
    for path, resource, described in (
        ("ssl_certs", SslFileList(certificates), operations.CERTIFICATE_LIST),
        ("ssl_certs/{name}", LoadedCertificate(certificates), operations.CERTIFICATE),
        ("ssl_ca_files", SslFileList(authorities), operations.CA_FILE_LIST),
        ("ssl_ca_files/{name}", LoadedCaFile(authorities), operations.CA_FILE),
        ("ssl_ca_files/{name}/entries", CaFileEntries(authorities), operations.CA_FILE_ENTRIES),
        (
            "ssl_ca_files/{name}/entries/{index}",
            CaFileEntry(authorities),
            operations.CA_FILE_ENTRY,
        ),
        ("ssl_crl_files", SslFileList(revocations), operations.CRL_FILE_LIST),
        ("ssl_crl_files/{name}", LoadedRevocations(revocations), operations.CRL_FILE),
    ):
        routes.add(f"{PATH}/{path}", resource, rehearsed(described), V3)
