"""Ways of looking: keys alone, both themes, links, read-only, and what happens while something is away."""

import pytest

from tests.harness.haproxy import HaproxyProcess
from tests.page.browser.system import READER, READS
from tests.page.browser.viewer import NARROW, expect
from tests.page.browser.walk import VIEWS

KEYS = {"m": "Map", "r": "Trace a request", "s": "Servers", "f": "Forms", "x": "Transactions", "h": "History",
        "d": "Drift", "c": "Certificates", "p": "Maps and ACLs", "t": "Stick tables", "o": "Discovery", "e": "Editor"}  # fmt: skip


def test_keys_lead_everywhere(viewer):
    page = viewer.page
    viewer.go("discovery")
    for key, title in KEYS.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.get_by_role("main")).to_be_focused()
        expect(page.get_by_role("navigation").get_by_role("link", name=title, exact=True)).to_have_attribute("aria-current", "page")
        assert page.title() == f"{title} – HAProxy"


def test_search_help_and_switching_keys_off(viewer):
    page = viewer.page
    viewer.go("servers")
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("g?m")  # what is typed is no key of the page
    expect(page.get_by_label("Search")).to_have_value("g?m")
    page.get_by_role("link", name="Add a server").focus()
    page.keyboard.press("?")
    dialog = viewer.dialog("Keys")
    expect(dialog).to_contain_text("Maps and ACLs")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    viewer.button("Keys").focus()
    page.keyboard.press("Enter")
    dialog.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(viewer.button("Keys")).to_be_focused()  # where it was before
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text("Servers")


def test_a_server_is_put_in_maintenance_by_keys_alone(viewer):
    page = viewer.page
    viewer.go("servers?backend=api")
    page.get_by_label("Choose api/api1").wait_for()
    page.keyboard.press("/")
    for _ in range(40):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Choose api/api1":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(40):
        if page.evaluate("document.activeElement.textContent").startswith("Maintenance"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    viewer.dialog("Maintenance: 1 server")
    for _ in range(10):  # the focus stays inside
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Maintenance":
            break
    page.keyboard.press("Enter")
    viewer.says("is in maintenance")
    expect(page.get_by_role("row").filter(has_text="api1")).to_contain_text("MAINT")
    viewer.button("Undo").press("Enter")
    expect(page.get_by_role("row").filter(has_text="api1")).to_contain_text("UP")


def test_the_first_stop_of_the_key_tab_skips_the_navigation(viewer):
    page = viewer.page
    viewer.go("history")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the view")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url.endswith("#/history")


def test_themes_follow_the_system_until_one_is_chosen(viewer):
    page = viewer.page
    viewer.go("map")

    def paper():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    page.emulate_media(color_scheme="dark")
    dark = paper()
    assert light != dark
    viewer.button("Theme: system").click()
    assert paper() == light
    viewer.button("Theme: light").click()
    page.emulate_media(color_scheme="light")
    assert paper() == dark
    page.reload()
    expect(viewer.button("Theme: dark")).to_be_visible()
    assert paper() == dark


def test_numbers_and_times_are_in_the_browser_s_language(open_window):
    viewer = open_window(locale="de-DE")
    viewer.go("history")
    viewer.page.locator(".timeline h2").first.wait_for()
    assert any(day in viewer.page.locator(".timeline h2").first.inner_text() for day in
               ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"))  # fmt: skip


def test_who_only_reads_sees_everything_and_changes_nothing(open_window):
    viewer = open_window(logged_in=False)
    viewer.permitted = {401, 403, 404}
    page = viewer.page
    page.goto(viewer.system.url)
    viewer.log_in(READER, READS)
    expect(page.get_by_text("read only")).to_have_attribute("title", "this user only reads")
    wanted = "Drain|Weight|Put this version back|Follow|Commit|Discard|Change|Remove|Add|Replace"
    for view in VIEWS:
        if view.startswith(("forms", "nothing")):
            continue
        viewer.go(view)
        viewer.settled()
        names = page.locator("main button:not(.sort), main input[type=file]").evaluate_all("(all) => all.filter((one) => !one.disabled).map((one) => one.textContent || one.type)")
        assert not [name for name in names if name.startswith(tuple(wanted.split("|"))) or name == "file"], view
    viewer.go("editor")
    expect(page.locator(".cm-content")).to_have_attribute("aria-readonly", "true")
    viewer.go("forms?add=server")
    expect(viewer.page.locator("main")).to_contain_text("You may look, but change nothing: this user only reads")
    for view in VIEWS[-10:]:
        if view.startswith("forms?"):
            viewer.go(view)
            viewer.settled()
            expect(viewer.button("Add to your change")).to_have_count(0)


def test_a_session_that_ends_asks_again_and_keeps_what_was_typed(open_window, system):
    viewer = open_window(logged_in=False)
    viewer.permitted = {401}
    page = viewer.page
    page.goto(f"{system.url}#/editor")
    viewer.log_in(READER, READS)
    page.locator(".cm-content").wait_for()
    viewer.button("Log out").click()
    viewer.log_in("admin", "adminpwd")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("\n# typed before")
    own = page.context.request.delete(f"{system.api.url}/dataplane/v1/session", headers={"X-Requested-With": "test"})
    assert own.status == 204
    page.keyboard.insert_text("\n")  # asks HAProxy, and nobody is known any more
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_hidden()
    viewer.log_in("admin", "adminpwd")
    expect(page.locator(".cm-content")).to_contain_text("# typed before")
    expect(page.get_by_text("HAProxy takes it")).to_be_visible()


def test_the_page_says_that_the_api_is_away_and_recovers(open_window, system):
    viewer = open_window()
    viewer.permitted = {502}
    page = viewer.page
    viewer.go("servers?backend=web")
    row = page.get_by_role("row").filter(has_text="web1")
    expect(row).to_contain_text("UP")
    system.client.connection.close()
    system.api.stop()
    expect(page.get_by_text("The API does not answer")).to_be_visible()
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="Servers").click()
    system.api.start()
    expect(page.get_by_text("The API does not answer")).to_be_hidden()
    expect(row).to_contain_text("UP")
    system.hold()
    expect(row.get_by_role("cell").nth(5)).to_have_text("1")  # the numbers go on
    system.let_go()


def test_the_page_says_that_haproxy_is_away_and_recovers(viewer, system):
    viewer.permitted = {500, 502, 503}
    page = viewer.page
    viewer.go("map")
    expect(page.get_by_text("HAProxy is up")).to_be_visible()
    system.process.__exit__()
    expect(page.locator(".summary .badge.bad").first).to_be_visible()
    expect(page.get_by_text("HAProxy is down")).to_be_visible()
    with HaproxyProcess(system.process.program, system.process.configuration, system.folder) as again:
        expect(page.get_by_text("HAProxy is up")).to_be_visible()
        expect(page.locator(".summary .badge.bad")).to_have_count(0)
        expect(page.locator(".node").filter(has_text="roundrobin")).to_contain_text("2 up")
        assert again.answers()
    system.process.__enter__()


@pytest.mark.parametrize("view", ["history?version=99", "forms?resource=/v3/services/haproxy/configuration/backends/none", "map?chosen=backend:none", "nothing"])
def test_links_to_what_is_not_there_say_so(open_window, view):
    viewer = open_window(viewport=NARROW)
    viewer.permitted = {404}
    main = viewer.go(view)
    viewer.settled()
    expect(main).not_to_be_empty()
    if "map" not in view:
        expect(main.get_by_role("alert").or_(main.get_by_role("heading", name="No such view")).first).to_be_visible()
