"""Make the folders that the settings name, before the server answers."""

import logging
import os
from collections.abc import Iterator

from dataplane_core.server.process import ProcessUser
from dataplane_core.settings import Settings, SettingsError

log = logging.getLogger("dataplane.server")


def private_folders(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield key and path of the folders that the server needs and nobody else reads."""
    transaction = settings.dataplaneapi.transaction
    key = "dataplaneapi.transaction.transaction_dir"
    yield key, transaction.transaction_dir
    # where no setting names it, its place follows from that of the transactions
    yield "dataplane.state_dir" if settings.dataplane.state_dir else key, settings.state_dir
    if transaction.backups_dir:
        yield "dataplaneapi.transaction.backups_dir", transaction.backups_dir


def shared_folders(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield key and path of the folders of files that HAProxy reads, too."""
    resources = settings.dataplaneapi.resources
    for name in ("maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir"):
        yield f"dataplaneapi.resources.{name}", getattr(resources, name)
    yield "dataplaneapi.resources.spoe_transaction_dir", resources.spoe_transaction_dir


def listener_folders(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield key and path of the folder in which the Unix socket is to be."""
    server = settings.dataplaneapi
    if "unix" in server.scheme:
        yield "dataplaneapi.socket_path", os.path.dirname(os.path.abspath(server.socket_path))


def make_folders(settings: Settings, user: ProcessUser) -> None:
    """Make the folders that are missing, owned by `user`.

    For a folder of HAProxy's files that cannot be made, a warning is logged. Raises `SettingsError`
    for a folder of the server's own, or of its socket, that cannot be made, and for one of its own
    that belongs to another user: in a place like /tmp somebody could have put it there to read or
    change what is written.
    """
    for key, path in private_folders(settings):
        try:
            _make(path, 0o700, user)
            owner = os.lstat(path).st_uid
        except OSError as error:
            fault = f"{path} cannot be made: {error.strerror}"
            raise SettingsError((settings.problem(key, fault),)) from None
        if owner not in (0, os.geteuid(), user.uid):
            fault = f"{path} belongs to another user (uid {owner})"
            raise SettingsError((settings.problem(key, fault),))
    for key, path in listener_folders(settings):
        try:
            _make(path, 0o755, user)
        except OSError as error:
            fault = f"the folder {path} cannot be made: {error.strerror}; make it or name another"
            raise SettingsError((settings.problem(key, fault),)) from None
    for key, path in shared_folders(settings):
        try:
            _make(path, 0o755, user)
        except OSError as error:
            log.warning("%s", settings.problem(key, f"{path} cannot be made: {error.strerror}"))


def _make(path: str, mode: int, user: ProcessUser) -> None:
    if os.path.isdir(path):
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    os.mkdir(path, mode)
    if user.uid is not None or user.gid is not None:
        os.chown(path, -1 if user.uid is None else user.uid, user.gid or -1)
