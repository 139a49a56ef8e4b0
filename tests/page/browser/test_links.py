"""Links as anybody can write them, what stays in the browser, and a log-out that fails."""

import json
from urllib.parse import quote

import pytest

from tests.harness.server import PASSWORD, USER
from tests.page.browser.viewer import expect

TOP = "/v3/services/haproxy/configuration"
BROKEN = ["%E0%A4%A", "map?chosen=%E0%A4%A", f"forms?resource={quote(TOP, '')}%2Fbackends%2F%25E0%25A4"]
ELSEWHERE = [
    "//evil.example/x", f"//evil.example{TOP}/backends/web", f"{TOP}/../../../../dataplane/v1/drift", f"{TOP}/%2e%2E/x",
    f"{TOP}//x", f"{TOP}/backends?x", f"{TOP}/backends\\x", "/dataplane/v1/session", "javascript:alert(1)", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize("link", BROKEN)
def test_a_link_that_is_not_encoded_leaves_the_page_whole(open_window, link):
    viewer = open_window()
    viewer.permitted = {404}
    viewer.go(link)
    viewer.go("servers", "Servers")


def test_a_link_has_the_page_ask_for_objects_of_the_configuration_alone(open_window):
    viewer = open_window()
    for path in ELSEWHERE:
        for name in ("resource", "collection"):
            viewer.go(f"forms?{name}={quote(path, '')}", "No such object")


def test_a_log_out_that_fails_is_said_and_one_that_does_not_leaves_nothing(open_window, system):
    viewer = open_window(logged_in=False)
    viewer.permitted = {401, 503}
    page = viewer.page
    page.goto(f"{system.url}#/servers")
    viewer.log_in(USER, PASSWORD)
    page.get_by_role("heading", level=1, name="Servers").wait_for()
    page.evaluate("localStorage.setItem('dataplane.samples', 'http://a.example/?token=x')")
    page.evaluate("sessionStorage.setItem('dataplane.draft', JSON.stringify({id: 'x', edits: ['add y']}))")
    page.reload()
    page.get_by_text("add y").wait_for()

    def fail(route):
        refusal = json.dumps({"code": 503, "message": "no room"})
        if route.request.method == "DELETE":
            route.fulfill(status=503, content_type="application/json", body=refusal)
        else:
            route.continue_()

    page.route("**/dataplane/v1/session", fail)
    viewer.button("Log out").click()
    expect(page.get_by_text("You are still logged in: no room")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Servers")).to_be_visible()
    page.unroute("**/dataplane/v1/session")
    viewer.button("Log out").click()
    expect(page.get_by_label("User")).to_be_focused()
    kept = page.evaluate("[localStorage.getItem('dataplane.samples'), sessionStorage.getItem('dataplane.draft')]")
    assert kept == [None, "null"]
