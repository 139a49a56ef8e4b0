"""Logging in and out, rights, and sessions that end."""

from tests.harness.server import PASSWORD, USER
from tests.page.browser.viewer import expect


def test_the_form_lets_users_in_and_nobody_else(open_window, system):
    viewer = open_window(logged_in=False)
    viewer.permitted = {401}
    page = viewer.page
    page.goto(f"{system.url}#/servers?backend=web")
    expect(page.get_by_label("User")).to_be_focused()
    viewer.log_in(USER, "wrong")
    expect(page.get_by_role("alert")).to_have_text("User and password do not fit together.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Servers")  # the link led on
    assert page.url.endswith("#/servers?backend=web")
    assert not any(PASSWORD in str(kept) for kept in page.evaluate("[{...localStorage}, {...sessionStorage}, document.cookie]"))
    viewer.button("Log out").click()
    expect(page.get_by_label("User")).to_be_focused()
    page.reload()
    expect(page.get_by_label("User")).to_be_visible()
