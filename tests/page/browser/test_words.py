"""What somebody writes reaches the server as it is, and a view that fails leaves the page whole."""

import pytest

from tests.page.browser.viewer import expect

CHANGE = """async ([name, reason]) => {
  const { CONFIGURATION, change, get } = await import("/dataplane/v1/page/app/api.js");
  const query = { version: await get(`${CONFIGURATION}/version`) };
  await change("POST", `${CONFIGURATION}/backends`, { json: { name }, query, reason });
}"""
FAILING = "export default () => { throw new Error('<b>none</b>'); };"


@pytest.mark.parametrize("reason", ["für später", "it’s done – at last", "日本語 \U0001f600", "x" * 1000, "é" * 1000])
def test_a_reason_may_have_any_letters(open_window, system, reason):
    viewer = open_window()
    viewer.go("discovery", "Discovery")
    viewer.page.evaluate(CHANGE, [f"b{abs(hash(reason))}", reason])
    (newest,) = system.own("GET", "history", limit=1)
    assert newest["reason"] == reason
    expect(viewer.page.get_by_text("The API does not answer")).to_have_count(0)


@pytest.mark.parametrize("since", ["x", "2026-99-99T00:00", "-1", "1e999"])
def test_a_moment_that_is_none_is_no_filter(open_window, since):
    viewer = open_window()
    viewer.go(f"history?since={since}", "History")
    viewer.page.locator(".timeline li").first.wait_for()


def test_a_view_that_fails_leaves_the_others(open_window):
    viewer = open_window()
    viewer.page.route("**/views/tables.js", lambda route: route.fulfill(body=FAILING, content_type="text/javascript"))
    main = viewer.go("tables", "Stick tables")
    expect(main.get_by_role("alert")).to_contain_text("Stick tables cannot be shown: <b>none</b>")
    viewer.page.evaluate("location.hash = '#/tables?table=x'")
    main.get_by_role("alert").wait_for()
    viewer.go("servers", "Servers")
    assert viewer.complaints and all("<b>none</b>" in one for one in viewer.complaints)
    viewer.complaints.clear()
