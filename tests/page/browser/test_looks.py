"""Every view, wide and light, narrow and dark: axe finds nothing, and nothing stands out of the window."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.page.browser.viewer import NARROW, WIDE
from tests.page.browser.walk import VIEWS, make_past

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


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide-light", "narrow-dark"])
def test_no_view_has_a_violation(open_window, size, scheme):
    viewer = open_window(viewport=size, color_scheme=scheme, bypass_csp=True)
    page, found = viewer.page, {}
    for view in VIEWS:
        viewer.go(view)
        viewer.settled()
        page.evaluate(AXE.read_text())
        if violations := page.evaluate(RUN):
            found[view] = violations
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{quote(view, '')[:60]}-{size['width']}.png")
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            found[f"{view} is too wide"] = [page.evaluate("document.documentElement.scrollWidth")]
    assert found == {}
