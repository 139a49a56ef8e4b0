"""Real stores of their own that lose, refuse and forget, as an operator or a fault has them do."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.fleet.stores import Credentials, KeyValueStore, StoreError, open_store
from tests.discovery.agent import ACCESS_CONTROL, MANAGEMENT, Consul
from tests.fleet.stores.etcd_server import EtcdMember, program, start_all
from tests.fleet.stores.kinds import quick_folder

ROOT = "--user=root:secret-r"


class TroubledEtcd:
    """An etcd; `guarded` asks for a user."""

    compacts = True

    def __init__(self, guarded: bool = False, *options: str) -> None:
        pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")
        program()
        self._member = EtcdMember(quick_folder(), "one", *options, *(("--bcrypt-cost", "4") if guarded else ()))
        self._user = Credentials(user="node", password="secret-n") if guarded else Credentials()
        start_all([self._member])
        if guarded:
            for words in ("user add root:secret-r", "user add node:secret-n", "role add fleet", "user grant-role node fleet",
                          "user grant-role root root", "auth enable"):  # fmt: skip
                self._member.control(*words.split())
            self.allow()

    def opened(self) -> KeyValueStore:
        return open_store(f"etcd://127.0.0.1:{self._member.port}/fleet", self._user)

    def keep(self) -> Path:
        """Make a backup."""
        kept = self._member.folder / "backup"
        kept.unlink(missing_ok=True)
        self._member.control("snapshot", "save", str(kept))
        return kept

    def put_back(self, kept: Path) -> None:
        """Be as a backup is."""
        self._member.stop()
        data, peer = self._member.folder / "one", self._member.peer
        shutil.rmtree(data)
        self._member.control("snapshot", "restore", str(kept), "--data-dir", str(data), "--name", "one",
                             "--initial-cluster", f"one={peer}", "--initial-advertise-peer-urls", peer)  # fmt: skip
        start_all([self._member])

    def empty(self) -> None:
        """Be as a new one, at the same place."""
        self._member.stop()
        shutil.rmtree(self._member.folder / "one")
        start_all([self._member])

    def compact(self) -> None:
        self._member.control("compaction", str(self.opened().list("").mark))

    def allow(self) -> None:
        self._member.control(ROOT, "role", "grant-permission", "fleet", "--prefix=true", "readwrite", "fleet/")

    def forbid(self) -> None:
        self._member.control(ROOT, "role", "revoke-permission", "fleet", "--prefix=true", "fleet/")

    def fill(self) -> None:
        """Use up what it may hold."""
        other = open_store(f"etcd://127.0.0.1:{self._member.port}/other")
        with suppress(StoreError):
            for number in range(100):
                other.transact([], {f"fill/{number}": bytes(300_000)})

    def make_room(self) -> None:
        """Do what etcd's manual says of a database that is full."""
        self._member.control("del", "--prefix", "other/")
        self.compact()
        self._member.control("defrag")
        self._member.control("alarm", "disarm")

    def close(self) -> None:
        self._member.stop()


class TroubledConsul:
    """A Consul that forgets everything when it is stopped; `guarded` asks for a token."""

    compacts = False

    def __init__(self, guarded: bool = False) -> None:
        pytest.importorskip("consul", reason="py-consul is not installed here: the extra `fleet` brings it")
        self._agent = Consul(quick_folder(), ACCESS_CONTROL if guarded else "", MANAGEMENT if guarded else "")
        self._agent.start()
        self._credentials, self._policy = Credentials(), ""
        if guarded:
            made = self._agent.ask("PUT", "acl/policy", {"Name": "fleet", "Rules": ""})
            self._policy = made["ID"]
            self.allow()
            token = self._agent.ask("PUT", "acl/token", {"Policies": [{"Name": "fleet"}]})
            self._credentials = Credentials(token=token["SecretID"])

    def opened(self) -> KeyValueStore:
        return open_store(f"consul://127.0.0.1:{self._agent.port}/fleet", self._credentials)

    def keep(self) -> bytes:
        return self._agent.raw("GET", "snapshot")

    def put_back(self, kept: bytes) -> None:
        self._agent.raw("PUT", "snapshot", kept)

    def empty(self) -> None:
        self._agent.stop()
        self._agent.start()

    def allow(self) -> None:
        self._rule('key_prefix "fleet/" { policy = "write" } session_prefix "" { policy = "write" }')

    def forbid(self) -> None:
        self._rule("")

    def _rule(self, rules: str) -> None:
        body: dict[str, Any] = {"Name": "fleet", "Rules": rules}
        self._agent.ask("PUT", f"acl/policy/{self._policy}", body)

    def close(self) -> None:
        self._agent.stop()


TROUBLED: dict[str, Any] = {"etcd": TroubledEtcd, "consul": TroubledConsul}

