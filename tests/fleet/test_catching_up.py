"""A change that is put on the newest version, on a member that nothing else brings there."""


from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.changes.support import V3
from tests.fleet.test_rollouts import begin, refusing


def test_a_change_brings_its_member_to_the_newest_version_first(fleet):
    """The follower of `b` is stopped: what nobody steps goes no step."""
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    fleet.settled(*nodes)
    old = b.version
    for number in range(3):
        a.server("be1", f"by_a{number}")
    assert b.version == old
    assert b.server("be2", "late", old).status_code == 409
    done = b.server("be2", "mine", old, rebase=True)
    assert done.status_code in (201, 202), done.text
    assert (a.version, b.version) == (old + 3, old + 4)
    assert all(f"server {name}" in b.text for name in ("by_a0", "by_a2", "mine"))
    a.step()
    assert a.text == b.text
    begun = b.call("POST", "/v3/services/haproxy/transactions", version=b.version).json["id"]
    b.call("DELETE", f"{V3}/backends/be2/servers/mine", transaction_id=begun)
    a.server("be1", "again")
    done = b.call("PUT", f"/v3/services/haproxy/transactions/{begun}", rebase=True)
    assert done.status_code in (200, 202), done.text
    assert "server again" in b.text
    assert "server mine" not in b.text
    assert [one.version for one in b.services.config.history.latest(3)] == [old + 6, old + 5, old + 4]


def test_who_made_what_is_caught_up_with_stays_known(fleet):
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    fleet.settled(*nodes)
    old = b.version
    a.server("be1", "by_a")
    b.server("be2", "mine", old, rebase=True)
    authors = [one.author.address.split(":")[0] for one in b.services.config.history.latest(2)]
    assert authors[1] == "member a"


def test_a_member_that_may_not_have_it_says_why_at_once(fleet):
    a, b = nodes = [fleet.node("a"), refusing(fleet, "b")]
    fleet.settled(*nodes)
    old = b.version
    a.server("be1", "new")
    refused = b.server("be2", "mine", old, rebase=True)
    assert refused.status_code == 409
    assert "which the change would follow on, is not here, this member is refused" in refused.json["message"]
    assert b.version == old
    b.step()
    assert b.status.state == "refused"


def test_a_member_that_waits_for_its_wave_says_so(fleet):
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    assert isinstance(leader, Leader)
    old = b.version
    a.server("be1", "new")
    refused = b.server("be2", "mine", old, rebase=True)
    assert refused.status_code == 409
    assert "is being rolled out" in refused.json["message"] or "comes in a later wave" in refused.json["message"]
    fleet.cluster.is_down = True
    gone = b.server("be2", "mine", old, rebase=True)
    assert (gone.status_code, "the store of the fleet" in gone.json["message"]) == (503, True)
