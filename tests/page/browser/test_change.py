"""Changes: the editor, forms made of schemas, the plan, and the time in which a change has to be confirmed."""

from urllib.parse import quote

from tests.harness.waiting import until
from tests.page.browser.viewer import Viewer, expect
from tests.page.browser.walk import TOP


def editor(viewer: Viewer) -> None:
    """Open the editor, with the cursor at its end."""
    viewer.go("editor")
    viewer.page.locator(".cm-content").click()
    viewer.page.keyboard.press("Control+End")


def test_keywords_are_completed_with_their_help(viewer):
    page = viewer.page
    editor(viewer)
    page.keyboard.insert_text("\nbackend new\n  ")
    page.keyboard.type("bal")
    option = page.locator(".cm-tooltip-autocomplete [role=option]").first
    expect(option).to_contain_text("balance")
    expect(page.locator(".cm-completionInfo")).not_to_be_empty()
    option.click()
    page.keyboard.type(" round")
    expect(option).to_contain_text("roundrobin")
    option.click()
    expect(page.locator(".cm-content")).to_contain_text("balance roundrobin")
    expect(page.get_by_text("HAProxy takes it")).to_be_visible()


def test_what_haproxy_says_stands_beside_the_line(viewer):
    page = viewer.page
    editor(viewer)
    page.keyboard.insert_text("\nbackend new\n  balance roundrobinx\n")
    expect(page.get_by_text("HAProxy refuses it")).to_be_visible()
    findings = page.get_by_label("What HAProxy says").get_by_role("listitem")
    expect(findings.first).to_contain_text("balance only supports")
    expect(page.locator(".cm-lint-marker-error").first).to_be_visible()
    expect(page.locator(".cm-lintRange-error").first).to_contain_text("roundrobinx")
    findings.first.get_by_role("button").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("roundrobinx")


def test_a_text_is_planned_committed_for_a_while_and_taken_back(viewer, system):
    page, before = viewer.page, system.lines()
    editor(viewer)
    page.keyboard.insert_text("\nbackend late\n  server s1 127.0.0.1:9\n")
    viewer.button("Show what it does").click()
    dialog = viewer.dialog("What it would do")
    expect(dialog.locator(".resource-changes")).to_contain_text("backends/late")
    expect(dialog.locator(".diff .added").filter(has_text="backend late")).to_be_visible()
    expect(dialog).to_contain_text("HAProxy is reloaded, because")
    dialog.get_by_label("Reason").fill("only for a while")
    dialog.get_by_label("Goes back unless").select_option("5m")
    dialog.get_by_role("button", name="Commit").click()
    banner = page.get_by_label("Waiting to be confirmed")
    expect(banner).to_contain_text("goes back in")
    expect(banner.get_by_role("timer")).to_contain_text("s")
    assert "backend late" in system.text()
    banner.get_by_role("button", name="Take it back now").click()
    expect(banner).to_be_hidden()
    viewer.says("was taken back")
    until(lambda: system.lines() == before)
    system.settle()


def test_a_change_is_confirmed(viewer, system):
    page = viewer.page
    editor(viewer)
    page.keyboard.insert_text("\nbackend kept\n  server s1 127.0.0.1:9\n")
    viewer.button("Show what it does").click()
    dialog = viewer.dialog("What it would do")
    dialog.get_by_label("Goes back unless").select_option("5m")
    dialog.get_by_role("button", name="Commit").click()
    banner = page.get_by_label("Waiting to be confirmed")
    banner.get_by_role("button", name="Confirm").click()
    viewer.says("is confirmed")
    expect(banner).to_be_hidden()
    assert "backend kept" in system.text()
    expect(page.locator(".cm-content")).to_contain_text("_version")  # the editor has the new text
    system.settle()


def test_somebody_else_s_version_is_told_while_one_types(viewer, system):
    page = viewer.page
    editor(viewer)
    page.keyboard.insert_text("\n# mine\n")
    system.put_text(system.text().replace("spring", "summer"))
    expect(page.locator("main .banner")).to_contain_text("is there by now")
    page.locator("main .banner button").click()
    expect(page.locator("main .banner")).to_be_hidden()
    expect(page.locator(".cm-content")).to_contain_text("summer")


def test_an_object_is_edited_by_its_form(viewer, system):
    page = viewer.page
    viewer.go(f"forms?resource={quote(f'{TOP}/backends/shop', '')}")
    page.get_by_label("mode", exact=True).select_option("http")
    page.get_by_label("More settings").last.fill("connect timeout")
    page.get_by_label("connect timeout").fill("4000")
    viewer.button("Add to your change").click()
    banner = page.get_by_label("Your change", exact=True)
    expect(banner).to_contain_text("change backends/shop")
    page.reload()  # it is there still
    expect(banner).to_contain_text("change backends/shop")
    banner.get_by_role("button", name="Review").click()
    dialog = viewer.dialog("What your change does")
    expect(dialog.locator(".diff")).to_contain_text("timeout connect 4")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    banner.get_by_role("button", name="Discard").click()
    expect(banner).to_be_hidden()
    assert "timeout connect 4" not in system.text()


def test_rows_are_added_and_deleted_in_one_change(viewer, system):
    page = viewer.page
    viewer.go(f"forms?resource={quote(f'{TOP}/backends/shop', '')}")
    page.get_by_role("link", name="servers", exact=True).click()
    page.get_by_label("name (needed)").fill("shop2")
    page.get_by_label("address (needed)").fill("127.0.0.1")
    page.get_by_label("port", exact=True).fill(str(system.webs["web1"].port))
    viewer.button("Add to your change").click()
    banner = page.get_by_label("Your change", exact=True)
    expect(banner).to_contain_text("add shop2 to backends/shop/servers")
    page.get_by_role("link", name="shop1").click()
    viewer.button("Delete it").click()
    expect(banner).to_contain_text("delete backends/shop/servers/shop1")
    viewer.button("Review").click()
    dialog = viewer.dialog("What your change does")
    expect(dialog.locator(".badge.created")).to_be_visible()
    expect(dialog.locator(".badge.deleted")).to_be_visible()
    dialog.get_by_label("Reason").fill("a new machine")
    dialog.get_by_role("button", name="Commit").click()
    expect(dialog).to_be_hidden()
    expect(banner).to_be_hidden()
    assert [one["name"] for one in system.configuration("GET", "backends/shop/servers")] == ["shop2"]
    system.settle()


def test_names_that_would_mean_nothing_are_told(viewer, system):
    viewer.permitted = {400}
    page = viewer.page
    viewer.go(f"forms?resource={quote(f'{TOP}/backends/api', '')}")
    viewer.button("Delete it").click()
    viewer.button("Review").click()
    dialog = viewer.dialog("What your change does")
    expect(dialog).to_contain_text("It would be refused")
    expect(dialog.get_by_role("heading", name="Names that would mean nothing").or_(dialog.locator(".findings")).first).to_be_visible()
    expect(dialog.get_by_role("button", name="Commit")).to_have_count(0)
    page.keyboard.press("Escape")
    viewer.button("Discard").click()


def test_transactions_of_others_are_shown_and_ended(viewer, system):
    page = viewer.page
    begun = [system.client.call("POST", "/v3/services/haproxy/transactions", version=system.client.version()).json["id"] for _ in range(2)]
    for number, one in enumerate(begun):
        server = {"name": f"late{number}", "address": "127.0.0.1", "port": 9}
        system.configuration("POST", "backends/shop/servers", server, transaction_id=one)
    main = viewer.go("transactions")
    main.get_by_role("button", name=begun[0]).click()
    card = main.get_by_label(f"Transaction {begun[0]}")
    expect(card.locator(".diff")).to_contain_text("late0")
    card.get_by_role("button", name="Discard it").click()
    viewer.dialog(f"Discard transaction {begun[0]}").get_by_role("button", name="Discard").click()
    viewer.says("was discarded")
    expect(main.get_by_role("button", name=begun[0])).to_have_count(0)
    main.get_by_role("button", name=begun[1]).click()
    main.get_by_label(f"Transaction {begun[1]}").get_by_role("button", name="Commit").click()
    viewer.says("Committed")
    until(lambda: "late1" in system.text())
    expect(page.get_by_role("row").filter(has_text=begun[1])).to_have_count(0)
