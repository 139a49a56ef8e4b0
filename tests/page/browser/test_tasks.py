"""What strangers to HAProxy's language come for: each task is done with plain words and clicks alone."""

import re
from datetime import datetime, timedelta

from tests.harness.waiting import until
from tests.page.browser.certificates import make_pem
from tests.page.browser.viewer import Viewer, expect


def commit(viewer: Viewer, reason: str, within: str = "") -> None:
    """Review the change that the forms have made, and commit it."""
    viewer.button("Review").click()
    dialog = viewer.dialog("What your change does")
    dialog.get_by_label("Reason").fill(reason)
    if within:
        dialog.get_by_label("Goes back unless confirmed within").select_option(within)
    dialog.get_by_role("button", name="Commit").click()
    expect(dialog).to_be_hidden()


def test_add_a_server_that_gets_ten_percent_of_the_traffic(viewer, system):
    page = viewer.page
    viewer.go("map")
    page.get_by_role("link", name="Servers").click()
    page.get_by_role("link", name="Add a server").click()
    page.get_by_label("Backend").select_option("web")
    page.get_by_label("Name of the server").fill("web3")
    page.get_by_label("Address").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(system.webs["web1"].port))
    page.get_by_label("Share of the traffic").fill("10")
    expect(page.get_by_text(re.compile("Weight 4 beside 2 others: 9.1"))).to_be_visible()
    viewer.button("Add to your change").click()
    expect(page.get_by_label("Your change", exact=True)).to_contain_text("add server web3 to backend web")
    commit(viewer, "room for the summer")
    viewer.says("Committed")
    weights = {one["name"]: one["weight"] for one in system.configuration("GET", "backends/web/servers")}
    assert weights == {"web1": 20, "web2": 20, "web3": 4}  # as near to 10 % as whole numbers come, 4 of 44
    page.get_by_role("link", name="Servers").click()
    expect(page.get_by_role("row").filter(has_text="web3")).to_contain_text("UP")


def test_route_a_path_of_one_host_to_a_new_backend(viewer, system):
    page = viewer.page
    viewer.go("forms")
    page.get_by_role("link", name="Route some requests").click()
    page.get_by_label("Requests that come to").select_option("site")
    page.get_by_label("for the host").fill("shop.example")
    page.get_by_label("and below the path").fill("/beta")
    page.get_by_label("Name of the new backend").fill("beta")
    page.get_by_label("Address of the server").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(system.webs["web2"].port))
    page.get_by_label("Check its health").uncheck()
    viewer.button("Add to your change").click()
    page.get_by_label("Your change", exact=True).wait_for()
    viewer.button("Review").click()
    dialog = viewer.dialog("What your change does")
    dialog.get_by_label("One a line").fill("site http://shop.example/beta/x\nsite http://other.example/beta")
    dialog.get_by_role("button", name="Compare").click()
    elsewhere = dialog.get_by_role("listitem").filter(has_text="http://shop.example/beta/x")
    expect(elsewhere).to_contain_text("goes elsewhere")
    expect(elsewhere).to_contain_text("backend beta")
    expect(dialog.get_by_role("listitem").filter(has_text="other.example")).to_contain_text("as now")
    dialog.get_by_role("button", name="Commit").click()
    viewer.says("Committed; HAProxy is reloaded")
    system.settle()
    main = viewer.go("trace")
    for path, backend in (("/beta", "beta"), ("/beta/x", "beta"), ("/betamax", "web")):
        main.get_by_label("URL").fill(f"http://shop.example{path}")
        main.locator("select[name=frontend]").select_option("site")
        main.get_by_role("button", name="Trace").click()
        expect(main.locator(".outcome")).to_contain_text(f"backend {backend},")


def test_replace_a_certificate_that_ends_in_three_days(viewer, system, tmp_path):
    page, file = viewer.page, tmp_path / "new.pem"
    file.write_bytes(make_pem("shop.example", 90.5))
    main = viewer.go("certificates")
    row = main.get_by_role("row").filter(has_text="shop.pem")
    expect(row).to_contain_text("3 days")
    row.get_by_role("link").click()
    drop = page.locator(".drop", has_text="Replace shop.pem")
    transfer = page.evaluate_handle(
        """(text) => { const data = new DataTransfer(); data.items.add(new File([text], "new.pem")); return data; }""",
        file.read_text(),
    )
    drop.dispatch_event("drop", {"dataTransfer": transfer})
    dialog = viewer.dialog("Replace shop.pem by new.pem")
    expect(dialog).not_to_contain_text("refused")
    dialog.get_by_label("Reason").fill("it ended soon")
    dialog.get_by_role("button", name="Replace it").click()
    viewer.says("shop.pem is replaced")
    expect(row).to_contain_text("90 days")
    system.settle()
    assert (system.folder / "ssl" / "shop.pem").read_bytes().strip() == file.read_bytes().strip()


def test_find_out_why_a_reload_happened_and_put_back_the_version_before_it(viewer, system):
    before = system.client.version()
    kept = system.lines()
    system.put_text(system.text().replace("hard-stop-after 1s", "hard-stop-after 1500ms"), "old sessions hung")
    record = system.own("GET", f"history/{before + 1}")
    page = viewer.page
    viewer.go("map")
    page.get_by_role("link", name="History").click()
    moment = datetime.fromisoformat(record["time"]).replace(second=0, microsecond=0)
    page.get_by_label("From").fill(moment.astimezone().strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Until").fill((moment + timedelta(minutes=1)).astimezone().strftime("%Y-%m-%dT%H:%M"))
    entry = page.locator(".timeline").get_by_role("link", name=f"Version {before + 1}")
    expect(entry).to_contain_text("old sessions hung")
    expect(entry).to_contain_text("reload")
    entry.click()
    facts = page.locator(".facts").first
    expect(facts).to_contain_text("Why a reload")
    expect(facts).to_contain_text(record["reload"]["reason"])
    expect(page.locator(".diff").first).to_contain_text("hard-stop-after 1500ms")
    page.get_by_role("link", name="the one before").click()
    viewer.button("Put this version back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".diff")).to_contain_text("hard-stop-after")
    dialog.get_by_label("Reason").fill("the reload was a mistake")
    dialog.get_by_role("button", name="Put it back").click()
    expect(dialog).to_be_hidden()
    until(lambda: system.client.version() == before + 2)
    assert system.lines() == kept
    system.settle()


def test_drain_a_server_and_wait_until_it_is_empty(viewer, system):
    page = viewer.page
    main = viewer.go("servers?backend=web")
    system.hold()
    row = main.get_by_role("row").filter(has_text="web1")
    expect(row.get_by_role("cell").nth(5)).to_have_text("1")
    row.get_by_role("checkbox").check()
    viewer.button("Drain").click()
    dialog = viewer.dialog("Drain: 1 server")
    expect(dialog).to_contain_text("1 session is on it now")
    expect(dialog).to_contain_text("HAProxy is not reloaded")
    dialog.get_by_role("button", name="Drain").click()
    expect(row).to_contain_text("DRAIN")
    row.get_by_role("link", name="web1").click()
    details = page.get_by_label("Server web/web1")
    expect(details).to_contain_text("1 session")
    system.let_go()
    expect(details).to_contain_text("empty")
    row.get_by_role("checkbox").check()
    viewer.button("Ready").click()
    viewer.dialog("Ready: 1 server").get_by_role("button", name="Ready").click()
    expect(row).to_contain_text("UP")
