"""Every view, wide and light, narrow and dark: axe finds nothing, and nothing stands out of the window."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.page.browser.viewer import NARROW, WIDE
from tests.page.browser.walk import TOP, VIEWS, make_past

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join("; ").slice(0, 600)}`);
}"""
SHOTS = os.environ.get("DATAPLANE_SHOTS", "")
"""A folder in which screenshots are kept for somebody to look at."""


@pytest.fixture(scope="module", autouse=True)
def past(system):
    make_past(system)


LOOKS = pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide-light", "narrow-dark"])


def judge(viewer, name, found):
    """Note what axe finds in a window as it is, and whether anything stands out of it."""
    page, width = viewer.page, viewer.page.viewport_size["width"]
    page.evaluate(AXE.read_text())
    if violations := page.evaluate(RUN):
        found[name] = violations
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        found[f"{name} is too wide"] = wide
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{quote(name, '')[:60]}-{width}.png")


@LOOKS
def test_no_view_has_a_violation(open_window, size, scheme):
    viewer = open_window(viewport=size, color_scheme=scheme, bypass_csp=True)
    found = {}
    for view in VIEWS:
        viewer.go(view)
        viewer.settled()
        judge(viewer, view, found)
    assert found == {}


@LOOKS
def test_no_dialog_has_a_violation(open_window, size, scheme):
    viewer = open_window(viewport=size, color_scheme=scheme, bypass_csp=True)
    page, found = viewer.page, {}
    viewer.go("servers?backend=web")
    page.get_by_label("Choose web/web1").check()
    viewer.button("Drain").click()
    viewer.dialog("Drain: 1 server")
    judge(viewer, "drain", found)
    page.keyboard.press("Escape")
    viewer.button("Keys").click()
    viewer.dialog("Keys")
    judge(viewer, "keys", found)
    page.keyboard.press("Escape")
    viewer.go(f"forms?resource={quote(f'{TOP}/backends/web/servers/web1', '')}")
    page.get_by_label("weight", exact=True).fill("30")
    viewer.button("Add to your change").click()
    viewer.button("Review").click()
    dialog = viewer.dialog("What your change does")
    dialog.get_by_role("button", name="Commit").wait_for()
    judge(viewer, "review", found)
    page.keyboard.press("Escape")
    judge(viewer, "your change", found)
    viewer.button("Discard").click()
    viewer.go("history?version=2")
    viewer.button("Show all lines").click()
    viewer.button("Put this version back").click()
    viewer.dialog("Put version 2 back").locator(".diff").wait_for()
    judge(viewer, "put back", found)
    page.keyboard.press("Escape")
    viewer.go("transactions")
    page.locator("main button.link").first.click()
    viewer.button("Discard it").wait_for()
    judge(viewer, "transaction", found)
    assert found == {}


@LOOKS
def test_the_log_in_has_no_violation(open_window, size, scheme):
    viewer = open_window(logged_in=False, viewport=size, color_scheme=scheme, bypass_csp=True)
    viewer.permitted, found = {401}, {}
    viewer.page.goto(viewer.system.url)
    viewer.log_in("admin", "wrong")
    viewer.page.get_by_text("do not fit together").wait_for()
    judge(viewer, "log in", found)
    assert found == {}
