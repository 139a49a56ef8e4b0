"""The view of a fleet: what its members have, and what is decided there."""

import json
from functools import partial

from tests.page.browser.viewer import expect

FLEET = {
    "fleet": "shop", "node": "a", "reachable": True, "leader": "b",
    "alarms": ["c is refused: HAProxy refuses the configuration"],
    "newest": {"revision": 9, "version": 12, "node": "a", "author": {"name": "ann"}},
    "nodes": [
        {"name": "a", "group": "core", "is_alive": True, "state": "applied", "version": 12, "haproxy": "2.8"},
        {"name": "b", "group": "edge", "is_alive": True, "state": "held", "version": 11, "haproxy": "3.2"},
        {"name": "c", "group": "edge", "is_alive": True, "state": "refused", "version": 11, "haproxy": "2.6",
         "reason": "HAProxy refuses the configuration", "findings": [{"line": 7, "message": "unknown keyword"}]},
        {"name": "d", "is_alive": False},
    ],
    "rollout": {"version": 12, "state": "stopped", "waves": [["a", "c"], ["b", "d"]], "wave": 0,
                "log": [{"time": "2026-11-30T12:00:00Z", "text": "version 12 stops: c: unknown keyword"}]},
}  # fmt: skip


def played(viewer, fleet=FLEET):
    """Answer as a member of a fleet does; gives what was sent."""
    sent = []

    def answer(route, request):
        if request.method == "POST":
            sent.append((request.url.partition("/fleet/")[2], json.loads(request.post_data), request.headers))
        route.fulfill(json=fleet)

    viewer.page.route("**/dataplane/v1/fleet**", answer)
    viewer.page.route("**/dataplane/v1/fleet/**", answer)
    return sent


def answered(answer, route):
    route.fulfill(json=answer)


def test_a_server_that_is_alone_says_so(viewer):
    expect(viewer.go("fleet")).to_contain_text("This server is in no fleet")


def test_members_and_the_roll_out_are_shown(viewer):
    played(viewer)
    main = viewer.go("fleet")
    expect(main).to_contain_text("shop: 4 members, version 12 by a, led by b")
    expect(main.get_by_role("alert")).to_contain_text("c is refused")
    for row in ("a core applied 12 2.8", "b edge held 11 3.2", "c edge refused 11 2.6", "d away"):
        expect(main.get_by_role("row", name=row)).to_be_visible()
    card = main.get_by_label("Roll-out")
    expect(card).to_contain_text("Version 12: stopped, wave 1 of 2")
    expect(card).to_contain_text("version 12 stops: c: unknown keyword")
    expect(main.get_by_label("Members that lack something")).to_contain_text("line 7: unknown keyword")


def test_what_is_decided_is_sent_with_its_reason(viewer):
    sent = played(viewer)
    main = viewer.go("fleet")
    for button, title, action in (
        ("Put back what was before …", "Version 12", "Put back what was before"),
        ("Try again …", "c", "Try again"),
    ):
        main.get_by_role("button", name=button).click()
        dialog = viewer.dialog(title)
        dialog.get_by_label("Reason").fill("tried by hand")
        dialog.get_by_role("button", name=action).click()
        expect(dialog).to_have_count(0)
    assert [(path, body) for path, body, _ in sent] == [
        ("rollout", {"action": "return"}), ("nodes/c", {"action": "retry"}),
    ]  # fmt: skip
    assert {headers["x-change-reason"] for *_, headers in sent} == {"tried by hand"}


def test_a_member_is_looked_into_and_told(viewer):
    sent = played(viewer)
    looked_into = {
        "diff": {"name": "b", "diff": "--- fleet\n+++ b\n@@ -1 +1 @@\n-maxconn 1\n+maxconn 2\n", "files": ["maps/h.map"]},
        "log": [{"time": "2026-11-30T12:00:00Z", "kind": "fleet", "state": "held", "reason": "comes in a later wave"}],
    }  # fmt: skip
    for name, answer in looked_into.items():
        viewer.page.route(f"**/dataplane/v1/fleet/nodes/b/{name}**", partial(answered, answer))
    main = viewer.go("fleet")
    main.get_by_role("button", name="b", exact=True).click()
    card = main.get_by_label("Member b")
    expect(card.get_by_label("What differs on b")).to_contain_text("+maxconn 2")
    expect(card).to_contain_text("Files that differ: maps/h.map")
    expect(card).to_contain_text("fleet: held comes in a later wave")
    for button in ("Take no new connections", "Leave out of the roll-out"):
        card.get_by_role("button", name=f"{button} …").click()
        dialog = viewer.dialog("b")
        dialog.get_by_label("Reason").fill("work on the machine")
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_have_count(0)
    assert [(path, body) for path, body, _ in sent] == [
        ("runtime", {"nodes": ["b"], "traffic": "drain"}), ("nodes/b", {"action": "exclude"}),
    ]  # fmt: skip
    main.get_by_role("button", name="b", exact=True).click()
    expect(card).to_have_count(0)


def test_what_all_members_have_counted_is_shown_together(viewer):
    played(viewer)
    stats = {"status": "UP (1), DOWN (1)", "scur": 3, "stot": 300}
    answer = {"stats": [{"type": "server", "backend_name": "web", "name": "w1", "stats": stats}], "nodes": [{"name": "c", "error": "no answer in time"}]}
    viewer.page.route("**/dataplane/v1/fleet/statistics**", partial(answered, answer))
    main = viewer.go("fleet")
    main.get_by_role("button", name="Statistics of all members").click()
    card = main.get_by_label("Statistics of all members")
    expect(card.get_by_role("row", name="web/w1 server UP (1), DOWN (1) 3 300")).to_be_visible()
    expect(card).to_contain_text("c: no answer in time")
