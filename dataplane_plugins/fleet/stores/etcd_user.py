"""The user of etcd: a password is given for a token, which all threads use until it expires."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from dataplane_plugins.fleet.stores.etcd_answers import TokenExpired, answer_of
from dataplane_plugins.fleet.stores.protocol import Credentials, StoreRefused

if TYPE_CHECKING:
    from etcd3gw.client import Etcd3Client

Answer = TypeVar("Answer")


class EtcdUser:
    """Authenticates as rarely as can be: each time costs etcd a tenth of a second (bcrypt)."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._token = ""

    def ask(self, client: "Etcd3Client", call: "Callable[[Etcd3Client], Answer]") -> Answer:
        """Return what a call returns, with a new token where the one at hand has expired."""
        has_user = bool(self._credentials.user)
        if has_user:
            client.session.headers["Authorization"] = self._token or self._authenticate(client)
        try:
            return call(client)
        except TokenExpired as expired:
            reason = str(expired)
        try:
            if has_user:
                client.session.headers["Authorization"] = self._authenticate(client)
                return call(client)
        except TokenExpired as expired:
            reason = str(expired)
        raise StoreRefused(f"etcd: {reason}")

    def _authenticate(self, client: "Etcd3Client") -> str:
        who = {"name": self._credentials.user, "password": self._credentials.password}
        client.session.headers.pop("Authorization", None)
        self._token = str(answer_of(client, "auth/authenticate", who)["token"])
        return self._token
