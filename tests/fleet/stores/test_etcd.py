"""What etcd alone does: users, quotas, compaction, members that stop, watches."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.fleet.stores import (
    Condition,
    Credentials,
    KeyValueStore,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    open_store,
)
from tests.fleet.stores.etcd_server import EtcdMember, program, start_all
from tests.fleet.stores.kinds import etcd, in_background, quick_folder
from tests.harness.waiting import PATIENCE, until

pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")


@pytest.fixture
def store() -> KeyValueStore:
    return etcd()()


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Any:
    """Starts an etcd with options of its own."""
    members: list[EtcdMember] = []

    def start(*options: str) -> EtcdMember:
        program()
        members.append(EtcdMember(quick_folder(), "one", *options))
        start_all(members[-1:])
        return members[-1]

    yield start
    for member in members:
        member.stop()


def url(*members: EtcdMember) -> str:
    return f"etcd://{','.join(f'127.0.0.1:{one.port}' for one in members)}/fleet"


def compact(store: Any, revision: int) -> None:
    store.post("kv/compaction", {"revision": revision, "physical": True})


def test_who_waits_behind_what_was_compacted_reads_again(store: Any) -> None:
    mark = store.list("").mark
    for number in range(3):
        assert store.transact([], {"elsewhere": b"%d" % number})
    newest = store.list("").mark
    compact(store, newest)
    assert store.wait("a/", mark, PATIENCE) >= newest
    assert store.wait("a/", store.list("a/").mark, 0.05) >= newest


def test_a_long_list_has_pages_of_one_moment(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.etcd._PAGE", 3)
    keys = [f"k/{number:02}" for number in range(10)]
    assert store.transact([], dict.fromkeys(keys, b"old"))
    post, pages = store.post, []

    def changing(path: str, body: Any, writes: bool = False) -> Any:
        answer = post(path, body, writes)
        pages.append(dict(body))
        if len(pages) == 2:
            post("kv/txn", {"success": [{"request_put": store._put("k/09", b"new")}]}, True)
        return answer

    monkeypatch.setattr(store, "post", changing)
    listed = store.list("k/")
    assert [one.key for one in listed.entries] == keys and {one.value for one in listed.entries} == {b"old"}
    assert len(pages) == 4 and listed.mark < store.get("k/09").mark


def test_a_list_that_is_compacted_between_pages_begins_again(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.etcd._PAGE", 3)
    keys = [f"k/{number:02}" for number in range(10)]
    assert store.transact([], dict.fromkeys(keys, b"old"))
    post, pages = store.post, []

    def compacting(path: str, body: Any, writes: bool = False) -> Any:
        answer = post(path, body, writes)
        pages.append(path)
        if len(pages) == 2:
            put = post("kv/txn", {"success": [{"request_put": store._put("k/09", b"new")}]}, True)
            post("kv/compaction", {"revision": put["header"]["revision"], "physical": True})
        return answer

    monkeypatch.setattr(store, "post", compacting)
    assert store.list("k/").entries[-1].value == b"new"


def test_a_full_etcd_refuses_writes_and_takes_deletes(own: Any) -> None:
    member = own("--quota-backend-bytes", str(2 * 1024 * 1024))
    store = open_store(url(member))
    with pytest.raises(StoreRefused, match="database space exceeded"):
        for number in range(20):
            assert store.transact([], {f"fill/{number}": os.urandom(300_000)})
    kept = store.list("fill/", names_only=True).entries
    assert store.get(kept[0].key) is not None
    with pytest.raises(StoreRefused, match="database space exceeded"):
        store.transact([Condition("head")], {"head": b"1"})
    assert store.transact([], {}, [kept[0].key]) and store.get(kept[0].key) is None


def test_a_user_may_what_the_role_says(own: Any) -> None:
    member = own("--bcrypt-cost", "4")
    for words in (["user", "add", "root:secret-r"], ["user", "add", "node:secret-n"], ["role", "add", "fleet"],
                  ["role", "grant-permission", "fleet", "--prefix=true", "readwrite", "fleet/"],
                  ["user", "grant-role", "node", "fleet"], ["user", "grant-role", "root", "root"],
                  ["auth", "enable"]):  # fmt: skip
        member.control(*words)
    node = Credentials(user="node", password="secret-n")
    store = open_store(url(member), node)
    assert store.transact([Condition("a")], {"a": b"1"})
    mark = store.list("").mark
    hold = store.hold("alive/n", b"", 30)
    assert hold is not None and hold.renew() and store.wait("alive/", mark, PATIENCE) > mark
    refused = [(url(member), Credentials(), "user name is empty"),
               (url(member), Credentials(user="node", password="wrong"), "authentication failed"),
               (url(member).replace("fleet", "other"), node, "permission denied")]  # fmt: skip
    for where, who, reason in refused:
        other = open_store(where, who)
        for name, given in ACTIONS.items():
            with pytest.raises(StoreRefused, match=reason) as told:
                getattr(other, name)(*given)
            assert "secret" not in str(told.value) and "wrong" not in str(told.value)
    member.stop()
    member.start()
    until(member.serves)
    assert store.get("a") is not None, "the token of before the restart is known no more"
    member.stop()
    member.start()
    until(member.serves)
    assert hold.renew() and store.wait("a", store.list("a").mark, 0.05) > 0


ACTIONS: dict[str, tuple[Any, ...]] = {
    "get": ("a",), "list": ("",), "transact": ([], {"a": b"2"}), "wait": ("", 1, PATIENCE), "hold": ("b", b"", 5),
}  # fmt: skip


@pytest.fixture
def three() -> Any:
    program()
    folder = quick_folder()
    members = [EtcdMember(folder, name) for name in ("one", "two", "three")]
    try:
        start_all(members)
        yield members
    finally:
        for member in members:
            member.stop()


def test_members_may_stop_and_die(three: list[EtcdMember], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.etcd._LIMITS", (2.0, 1.0))
    store, direct = open_store(url(*three)), open_store(url(three[2]))
    assert store.transact([], {"a": b"1"}) and direct.get("a") is not None
    three[0].send(signal.SIGSTOP)
    assert store.get("a") is not None, "another member is asked where one is silent"

    def write() -> bool:
        try:
            return store.transact([], {"a": b"2"})
        except (Undecided, StoreUnreachable):
            return False  # the one that stopped led the others

    until(write)
    mark = store.list("").mark
    woken = in_background(lambda: store.wait("a", mark, PATIENCE))
    three[0].send(signal.SIGCONT)
    three[0].stop()
    until(write)
    assert woken() > mark
    mark = direct.list("").mark
    watching = in_background(lambda: direct.wait("a", mark, PATIENCE))
    three[1].stop()
    with pytest.raises(StoreUnreachable, match="no leader|ended"):
        watching()
    with pytest.raises((Undecided, StoreUnreachable)):
        store.transact([], {"a": b"3"})
    with pytest.raises(StoreUnreachable, match=r"etcd at 127.0.0.1:\d+ refuses connections; etcd at"):
        store.get("a")


def test_close_wakes_who_waits(store: Any) -> None:
    mark = store.list("").mark
    waiting = in_background(lambda: store.wait("a", mark, PATIENCE))
    until(lambda: store._watches._sockets)
    store.close()
    assert waiting() == mark


def test_a_child_makes_connections_of_its_own(store: Any) -> None:
    assert store.transact([], {"a": b"parent"})
    mark = store.list("").mark
    waiting = in_background(lambda: store.wait("a", mark, PATIENCE))
    until(lambda: store._watches._sockets)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        found = store.get("a")
        os.write(writing, found.value)
        store.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"parent"
    os.close(reading), os.close(writing)
    assert store.transact([], {"a": b"again"}) and waiting() > mark


def test_an_older_store_is_told_by_its_revision(store: Any) -> None:
    newest = store.list("").mark
    assert store.wait("a", newest + 1000, PATIENCE) == newest


def test_tls_and_its_certificates(own: Any, tmp_path: Path) -> None:
    from tests.fleet.stores.certificates import write_certificates

    files = write_certificates(tmp_path)
    member = EtcdMember(quick_folder(), "one", "--cert-file", files.certificate, "--key-file", files.key,
                        "--client-cert-auth", "--trusted-ca-file", files.ca)  # fmt: skip
    member.start()
    try:
        where = url(member).replace("etcd:", "etcds:")
        store = open_store(where, Credentials(ca=files.ca, certificate=files.certificate, key=files.key))
        until(lambda: reached(store))
        mark = store.list("").mark
        woken = in_background(lambda: store.wait("", mark, PATIENCE))
        assert store.transact([], {"a": b"1"}) and woken() > mark and store.wait("", woken(), 0.05) == woken()
        with pytest.raises(StoreUnreachable, match="certificate that is not trusted"):
            open_store(where).get("a")
        with pytest.raises(StoreUnreachable, match="cannot be asked"):
            open_store(where, Credentials(ca=str(tmp_path / "none"))).get("a")
        with pytest.raises(StoreUnreachable):
            open_store(where, Credentials(ca=files.ca)).get("a")
    finally:
        member.stop()


def reached(store: KeyValueStore) -> bool:
    try:
        store.get("a")
    except StoreUnreachable:
        return False
    return True


