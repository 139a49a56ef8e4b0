"""The history, with blame and the way back, and drift with its remedies, at HAProxy 3.2."""

import pytest

from tests.harness.waiting import until
from tests.page.browser.viewer import expect

HAPROXY = "3.2"


@pytest.fixture(scope="module", autouse=True)
def past(system):
    system.put_text(system.text().replace("bought in spring", "bought in summer"), "the comment was wrong")
    server = {"name": "shop9", "address": "127.0.0.1", "port": 9}
    system.configuration("POST", "backends/shop/servers", server, version=system.client.version())
    refused = system.client.call(
        "POST", "/v3/services/haproxy/configuration/raw", text=system.text() + "\nnonsense\n", version=system.client.version()
    )
    assert refused.status == 400
    system.settle()


def test_the_timeline_says_who_and_how_and_is_filtered(viewer, system):
    page = viewer.page
    main = viewer.go("history")
    entries = main.locator(".timeline ol li")
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("admin")
    expect(entries.nth(1)).to_contain_text("the comment was wrong")
    page.get_by_label("Resource").fill("backends/shop")
    page.get_by_label("Resource").press("Enter")
    expect(entries.filter(has_text="Version 3")).to_be_visible()
    expect(entries.filter(has_text="Version 2")).to_have_count(0)
    page.get_by_label("Resource").fill("")
    page.get_by_label("Who").fill("nobody")
    page.get_by_label("Who").press("Enter")
    expect(main).to_contain_text("No version is like that")
    page.get_by_label("Who").fill("admin")
    page.get_by_label("Who").press("Enter")
    expect(entries).to_have_count(2)
    assert "who=admin" in page.url


@pytest.mark.parametrize(("view", "label"), [("history", "Who"), ("trace", "URL")])
def test_what_is_typed_stays_while_the_view_is_drawn_again(viewer, system, view, label):
    viewer.go(view)
    field = viewer.page.get_by_label(label)
    field.press_sequentially("half of it")
    system.put_text(system.text() + "# more\n")
    expect(viewer.page.get_by_role("link", name=f"version {system.client.version()}", exact=True)).to_be_visible()
    viewer.settled()
    expect(field).to_have_value("half of it")


def test_a_version_tells_its_diff_and_who_wrote_each_line(viewer, system):
    page = viewer.page
    main = viewer.go("history?version=2", "Version 2")
    expect(main.locator(".diff .added")).to_contain_text("bought in summer")
    viewer.button("Show all lines").click()
    line = main.locator(".blame > span").filter(has_text="bought in summer")
    expect(line.get_by_role("link")).to_have_text("2", use_inner_text=True)
    page.get_by_role("link", name="the next one").click()
    expect(main.get_by_role("heading", level=1)).to_have_text("Version 3")
    expect(main.locator(".resource-changes")).to_contain_text("backends/shop/servers/shop9")
    viewer.go(f"history?version={system.client.version()}", f"Version {system.client.version()}")
    expect(page.get_by_role("link", name="the next one")).to_have_count(0)


def test_a_version_is_put_back_and_back_again_with_escape_nothing_happens(viewer, system):
    page, newest = viewer.page, system.client.version()
    viewer.go("history?version=1", "Version 1")
    viewer.button("Put this version back").click()
    dialog = viewer.dialog("Put version 1 back")
    expect(dialog.locator(".resource-changes")).to_contain_text("shop9")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(viewer.button("Put this version back")).to_be_focused()
    assert system.client.version() == newest
    viewer.button("Put this version back").click()
    dialog.get_by_role("button", name="Put it back").click()
    viewer.says("Version 1 is back")
    until(lambda: "shop9" not in system.text())
    system.settle()


def test_drift_is_shown_and_mended_both_ways(viewer, system):
    page = viewer.page
    for towards in ("file", "process"):
        for server in ("web1", "web2"):
            path = f"/v3/services/haproxy/runtime/backends/web/servers/{server}"
            answer = system.client.call("PUT", path, {"admin_state": "maint", "operational_state": "up"})
            assert answer.status == 200, answer.body
        main = viewer.go("drift")
        viewer.button("Compare now").click()
        table = main.get_by_label("Differences")
        row = table.get_by_role("row").filter(has_text="web1")
        expect(row.first).to_contain_text("maint")
        row.get_by_role("checkbox").first.check()
        viewer.button(f"Follow the {towards}").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("as it should be")
        dialog.get_by_role("button", name="Mend").click()
        viewer.says("Mended")
        expect(row).to_have_count(0)
        expect(table.get_by_role("row").filter(has_text="web2").first).to_be_visible()
        if towards == "process":
            assert "server web1" in system.text()
            assert "disabled" in next(line for line in system.text().splitlines() if "  server web1" in line)
