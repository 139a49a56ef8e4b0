"""`/runtime/acme`: certificates that HAProxy itself renews (from 3.2 on).

Management guide, section 9.3: `acme status`, `acme renew`.
"""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    NotFound,
    Response,
    Routes,
    Runtime,
    RuntimeFailed,
    Services,
    array,
    impl,
    operation,
    refused,
    runtime_argument,
    to_json,
)
from dataplane_plugins.runtime.common import (
    NO_SUCH_OBJECT,
    PATH,
    TEXT,
    V3,
    name_parameter,
    rehearsed,
)

TAG = "AcmeRuntime"
_TIME = {"type": "string", "format": "date-time"}
COLUMNS = {
    "certificate": TEXT,
    "acme_section": TEXT,
    "state": TEXT,
    "expiry_date": _TIME,
    "expiries_in": TEXT,
    "scheduled_renewal": _TIME,
    "renewal_in": TEXT,
}
"""The properties of a certificate, in the order of HAProxy's columns."""
_ERRORS = {"Can't find the certificate": NotFound}


def parse_acme_status(answer: str) -> list[dict[str, Any]]:
    """Return the certificates in an answer to `acme status`, without what is not known yet."""
    rows = (line.split("\t") for line in answer.splitlines() if line and line[0] != "#")
    return [
        {name: cell for name, cell in zip(COLUMNS, row, strict=False) if cell not in ("", "-")}
        for row in rows
    ]


class AcmeCertificates:
    """The certificates and when they are renewed: GET; renew one now: PUT."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(parse_acme_status(self._ask("acme status")))

    def on_put(self, req: ApiRequest, resp: falcon.Response) -> None:
        name = runtime_argument(req.query["certificate"])
        if words := self._ask(f"acme renew {name}").strip():
            raise refused(words, _ERRORS)
        resp.status = 200

    def _ask(self, command: str) -> str:
        """Return the answer of one process: each would ask for a certificate of its own.

        Raises `NotFound` where HAProxy is too old for this.
        """
        try:
            return self.runtime.processes()[0].command(command, self.runtime.deadline)
        except RuntimeFailed as error:
            if "Unknown command" not in error.message:
                raise
            raise NotFound("the running HAProxy renews no certificates, as 3.2 does") from None


_OPERATIONS = {
    "GET": operation(
        "getAcmeStatus",
        TAG,
        "List certificates that HAProxy renews. When each expires, and when it is renewed.",
        _200=Response({"$ref": "acme_status"}),
        _404=NO_SUCH_OBJECT,
    ),
    "PUT": operation(
        "renewAcmeCertificate",
        TAG,
        "Renew a certificate now. HAProxy asks the authority of its acme section for a new one.",
        (name_parameter("certificate", "The certificate's name, as HAProxy has it."),),
        _200=Response(None, (), "The renewal has begun."),
        _404=NO_SUCH_OBJECT,
    ),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the certificates."""
    routes.tag(TAG, "Certificates that the running HAProxy itself renews.", 30)
    one = {"type": "object", "properties": COLUMNS}
    routes.schema("acme_certificate_status", one, V3)
    routes.schema("acme_status", array("acme_certificate_status"), V3)
    routes.add(f"{PATH}/acme", AcmeCertificates(services.runtime), rehearsed(_OPERATIONS), V3)
