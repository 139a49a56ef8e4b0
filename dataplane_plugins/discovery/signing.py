"""AWS Signature Version 4 (AWS, "Create a signed AWS API request")."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from dataplane_core.plugin import dataclass

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An access key; a temporary key has a `token`."""

    id: str
    secret: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The region and the service that a signature is valid for."""

    region: str
    service: str


def signed(
    method: str, url: str, body: bytes, scope: Scope, credentials: Credentials, moment: datetime
) -> Mapping[str, str]:
    """Return the headers of a request without a query, its `Authorization` among them.

    `moment` is the time in UTC.
    """
    import hashlib  # loads OpenSSL
    import hmac

    parts = urlsplit(url)
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join((method, parts.path or "/", "", listed, names, digest))
    where = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join((_ALGORITHM, stamp, where, hashed))
    key = f"AWS4{credentials.secret}".encode()
    for part in where.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed = f"Credential={credentials.id}/{where}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": f"{_ALGORITHM} {signed}"}
