"""Members with a user of the store each, which may do what docs/fleet.md says, and no more."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import LEADER, LEADER_SECONDS, Leader
from dataplane_plugins.fleet.stores import Credentials, StoreRefused, open_store
from tests.discovery.agent import ACCESS_CONTROL, MANAGEMENT, Consul
from tests.fleet.stores.etcd_server import EtcdMember, program, start_all
from tests.fleet.stores.kinds import quick_folder
from tests.fleet.support import Fleet
from tests.fleet.test_overlays import OVERLAYS, replace_server
from tests.fleet.test_responders import FLEET

DOCUMENT = Path(__file__).parents[2] / "docs/fleet.md"
NAMES = ("a", "b")


def documented(kind: str, name: str) -> str:
    """What the document says of the member `a`, for a member."""
    found = re.search(rf"```{kind}\n(.*?)```", DOCUMENT.read_text().partition("### A user of the store")[2], re.DOTALL)
    assert found is not None
    words = re.sub(r"/a\b", f"/{name}", found[1]).replace("PASSWORD", "secret")
    return re.sub(r"(add|permission|grant-role|grant-role \w) a\b", rf"\1 {name}", words).replace(" a\n", f" {name}\n")


def fleet_on(folder: Path, url: str, who: Sequence[Credentials]) -> Fleet:
    """A fleet each of whose members has a user of the store, in the order in which they begin."""
    users = iter(who)
    return Fleet(folder, lambda: open_store(url, next(users)))


@pytest.fixture
def on_etcd(tmp_path):
    pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")
    program()
    member = EtcdMember(quick_folder(), "one", "--bcrypt-cost", "4")
    try:
        start_all([member])
        for name in NAMES:
            for line in documented("sh", name).splitlines():
                member.control(*shlex.split(line)[1:])
        for words in (["user", "add", "root:root"], ["user", "grant-role", "root", "root"], ["auth", "enable"]):
            member.control(*words)
        who = [Credentials(user=name, password="secret") for name in NAMES]
        yield fleet_on(tmp_path, f"etcd://127.0.0.1:{member.port}/dataplane/shop", who)
    finally:
        member.stop()


@pytest.fixture
def on_consul(tmp_path):
    pytest.importorskip("consul", reason="py-consul is not installed here: the extra `fleet` brings it")
    with Consul(quick_folder(), ACCESS_CONTROL, MANAGEMENT) as agent:
        who = []
        for name in NAMES:
            agent.ask("PUT", "acl/policy", {"Name": name, "Rules": documented("hcl", name)})
            made = agent.ask("PUT", "acl/token", {"Policies": [{"Name": name}]})
            who.append(Credentials(token=made["SecretID"]))
        yield fleet_on(tmp_path, f"consul://127.0.0.1:{agent.port}/dataplane/shop", who)


@pytest.mark.parametrize("kind", ["etcd", "consul"])
def test_members_with_the_least_rights_share_and_say_nothing_for_others(request, kind):
    fleet = request.getfixturevalue(f"on_{kind}")
    a, b = nodes = [fleet.node(name, **fleet.served) for name in NAMES]
    fleet.settled(*nodes)
    leader = Leader(b.member)
    leader._rollouts.set_strategy(Strategy(("1",)))
    hold = b.store.hold(LEADER, b"b", LEADER_SECONDS)
    while leader.step(hold):
        fleet.settled(*nodes)
    assert a.server("be1", "new").status_code == 202
    while leader.step(hold):
        fleet.settled(*nodes)
    query = replace_server(a, "be2", "s1", address="192.0.2.77")
    assert a.call("PUT", f"{OVERLAYS}/node/b", **query).status_code == 200
    fleet.settled(*nodes)
    assert [("192.0.2.77" in node.text, "server new" in node.text) for node in nodes] == [(False, True), (True, True)]
    assert a.call("GET", FLEET).json["alarms"] == []
    assert leader._collector.collect(hold) == 0
    for place in ("status/b", "members/b", "alive/b", "former/b/x", "other"):
        for puts, deletes in (({place: b"x"}, []), ({}, [place])):
            with pytest.raises(StoreRefused):
                a.store.transact([], puts, deletes)
    assert a.call("GET", f"{FLEET}/nodes/b").json["state"] == "applied"
    for node in nodes:
        node.follower._reporter.leave()
    hold.release()
    assert a.call("GET", f"{FLEET}/nodes/b").json["is_alive"] is False
    answer = a.call("DELETE", f"{FLEET}/nodes/b")
    assert (answer.status_code, "store of the fleet" in answer.json["message"]) == (503, True)
