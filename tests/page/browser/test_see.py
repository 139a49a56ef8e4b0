"""The map, a traced request, and servers, as they change."""

import re

import pytest

from tests.harness.waiting import until
from tests.page.browser.viewer import NARROW, expect

SHOPS = [f"shop-{number}" for number in range(1, 26)]
MORE = "".join(f"\nbackend {name}\n  server s1 127.0.0.1:9\n" for name in [*SHOPS, "docs"])


def node(viewer, title):
    return viewer.page.locator(".node").filter(has=viewer.page.locator(".title", has_text=re.compile(f"^{re.escape(title)}$")))


def test_the_map_shows_ways_rules_in_words_and_how_each_part_fares(viewer, system):
    viewer.go("map")
    expect(viewer.page.locator(".summary")).to_contain_text("2 frontends, 30 backends")
    expect(node(viewer, "site")).to_contain_text(f"127.0.0.1:{system.site}")
    expect(node(viewer, "if path begins with /api")).to_be_visible()
    expect(node(viewer, "if header host is shop.example (any case) and path begins with /cart")).to_be_visible()
    expect(node(viewer, "otherwise")).to_be_visible()
    expect(node(viewer, "api")).to_contain_text("1 of 2 up")
    expect(node(viewer, "web")).to_contain_text("2 up")
    assert viewer.page.locator(".map path").count() >= 8


def test_many_backends_are_folded_and_found(viewer):
    page = viewer.page
    viewer.go("map")
    group = node(viewer, "shop …")
    expect(group).to_contain_text("26 backends")
    expect(node(viewer, "shop-7")).to_have_count(0)
    group.get_by_role("button").click()
    expect(node(viewer, "shop-7")).to_be_visible()
    viewer.button("Fold all").click()
    expect(node(viewer, "shop-7")).to_have_count(0)
    page.get_by_label("Search").fill("shop-17")
    expect(node(viewer, "shop-17")).to_be_visible()
    expect(node(viewer, "web")).to_have_count(0)
    assert "search=shop-17" in page.url  # a link of it leads here


def test_a_chosen_part_lights_its_path_and_tells_all_there_is(viewer, system):
    page = viewer.page
    viewer.go("map")
    node(viewer, "api").get_by_role("button").click()
    assert page.locator(".map path.lit").count() == 2
    details = page.get_by_label("Details of backend api")
    expect(details.locator(".lines")).to_contain_text("server api1 127.0.0.1")
    expect(details.locator(".facts")).to_contain_text("leastconn")
    expect(details).to_contain_text("Last changed in version 1")
    expect(details.get_by_role("listitem").filter(has_text="backend_switching_rules/0")).to_contain_text("names it")
    expect(details.locator(".server-list")).to_contain_text("DOWN")
    expect(node(viewer, "site")).to_be_in_viewport()
    expect(node(viewer, "api")).to_be_in_viewport(ratio=1)
    page.reload()  # the choice is in the link
    expect(page.get_by_label("Details of backend api")).to_be_visible()
    viewer.button("Show everything").click()
    expect(page.get_by_label("Details of backend api")).to_have_count(0)
    node(viewer, "if path begins with /api").get_by_role("button").click()
    expect(page.get_by_label("Details of rule").locator(".lines")).to_contain_text("use_backend api if { path_beg /api }")


def test_numbers_change_with_the_traffic(viewer, system):
    viewer.go("map?search=web")
    expect(node(viewer, "web")).to_contain_text("0 now")
    system.hold()
    expect(node(viewer, "web")).to_contain_text("1 now")
    system.let_go()
    expect(node(viewer, "web")).to_contain_text("0 now")


def trace(viewer, main, url, **fields):
    main.get_by_label("URL").fill(url)
    for name, value in fields.items():
        main.locator(f"[name={name}]").fill(value)
    main.locator("select[name=frontend]").select_option("site")
    main.get_by_role("button", name="Trace").click()
    return main.get_by_label("What becomes of it")


def test_a_traced_request_lights_its_way_and_each_rule_says_whether_it_matched(viewer):
    main = viewer.go("trace")
    main.get_by_label("as they are now").check()  # api2 is down
    result = trace(viewer, main, "http://shop.example/api/items", source="192.0.2.8")
    expect(result.locator(".outcome")).to_contain_text("It goes to backend api, server api1")
    rules = result.locator(".rules li")
    expect(rules.filter(has_text="path_beg /api")).to_contain_text("matched")
    expect(rules.filter(has_text="path_beg /private")).to_contain_text("did not match")
    expect(main.locator(".node:not(.dim)")).to_have_text([re.compile("^site"), re.compile("^if path begins with /api"), re.compile("^api")])
    assert main.locator("path.lit").count() == 2
    result = trace(viewer, main, "http://shop.example/private/x")
    expect(result.locator(".outcome")).to_contain_text("HAProxy answers itself with 403")
    viewer.page.reload()  # the question is in the link
    expect(result.locator(".outcome")).to_contain_text("HAProxy answers itself with 403")
    result = trace(viewer, main, "/", source="203.0.113.7")
    expect(result.locator(".outcome")).to_contain_text("403")
    result = trace(viewer, main, "/cart", source="192.0.2.8", headers="Host: shop.example\nX-Other: 1")
    expect(result.locator(".outcome")).to_contain_text("backend shop")
    expect(result).to_contain_text("x-team: checkout")


def test_a_request_is_traced_as_it_would_be_after_a_transaction(viewer, system):
    begun = system.client.call("POST", "/v3/services/haproxy/transactions", version=system.client.version()).json["id"]
    rule = {"name": "docs", "cond": "if", "cond_test": "{ path_beg /docs }"}
    system.configuration("POST", "frontends/site/backend_switching_rules/0", rule, transaction_id=begun)
    viewer.go(f"transactions?id={begun}")
    viewer.page.get_by_role("link", name="Trace a request as it would be").click()
    main = viewer.page.locator("main")
    result = trace(viewer, main, "http://shop.example/docs/a")
    expect(result.locator(".outcome")).to_contain_text("backend docs")
    expect(result).to_contain_text("Otherwise than now")
    system.client.call("DELETE", f"/v3/services/haproxy/transactions/{begun}")


def row_of(viewer, text):
    return viewer.page.get_by_label("Servers", exact=True).get_by_role("row").filter(has_text=text)


def test_servers_are_filtered_sorted_and_linked(viewer):
    page = viewer.page
    viewer.go("servers")
    expect(row_of(viewer, "shop-")).to_have_count(25)
    page.get_by_role("combobox", name="Backend").select_option("api")
    expect(row_of(viewer, "api")).to_have_count(2)
    page.get_by_label("State").select_option("bad")
    expect(row_of(viewer, "api")).to_have_text(re.compile("api2"))
    assert page.url.endswith("servers?backend=api&state=bad")
    page.get_by_label("State").select_option("")
    for _ in range(2):
        page.get_by_role("button", name="Server", exact=True).click()
    expect(page.get_by_role("columnheader", name="Server")).to_have_attribute("aria-sort", "descending")
    expect(row_of(viewer, "api").first).to_contain_text("api2")


def test_many_are_drained_at_once_and_that_is_undone(viewer, system):
    page = viewer.page
    viewer.go("servers?backend=web")
    page.get_by_label("Choose all rows").check()
    viewer.button("Drain").click()
    dialog = viewer.dialog("Drain: 2 servers")
    expect(dialog.get_by_label("Commands")).to_contain_text("set server web/web2 state drain")
    expect(dialog).to_contain_text("0 sessions are on them now")
    page.keyboard.press("Escape")  # nothing is done
    expect(dialog).to_be_hidden()
    expect(row_of(viewer, "web1")).to_contain_text("UP")
    viewer.button("Drain").click()
    viewer.dialog("Drain: 2 servers").get_by_role("button", name="Drain").click()
    for name in ("web1", "web2"):
        expect(row_of(viewer, name)).to_contain_text("DRAIN")
    viewer.button("Undo").click()
    for name in ("web1", "web2"):
        expect(row_of(viewer, name)).to_contain_text("UP")
    viewer.says("2 servers are as before")


def test_a_weight_is_set_by_its_share_and_undone(viewer, system):
    page = viewer.page
    viewer.go("servers?backend=web")
    page.get_by_label("Choose web/web1").check()
    viewer.button("Weight …").click()
    dialog = viewer.dialog("Weight")
    dialog.get_by_label("Weight").fill("20%")
    dialog.get_by_role("button", name="Show what it does").click()
    dialog = viewer.dialog("Weight 5")
    expect(dialog.get_by_label("Commands")).to_contain_text("weight 5")
    dialog.get_by_role("button", name="Set the weight").click()
    expect(row_of(viewer, "web1").get_by_role("cell").nth(4)).to_have_text("5")
    assert "weight 5" in system.text()
    viewer.button("Undo").click()
    viewer.says("The weights are as before")
    until(lambda: "weight 5" not in system.text())


def test_charts_show_the_last_hour(viewer, system):
    viewer.go("servers?backend=web&server=web1")
    until(lambda: len(system.own("GET", "traffic", kind="servers", name="web/web1")["times"]) > 1)
    viewer.page.reload()
    charts = viewer.page.get_by_label("Server web/web1").locator("figure.chart")
    expect(charts).to_have_count(3)
    expect(charts.first.locator("table")).to_contain_text("Time")  # for who cannot see the lines


@pytest.mark.parametrize("view", ["map", "servers?backend=web"])
def test_a_narrow_window_shows_it_too(open_window, view):
    viewer = open_window(viewport=NARROW)
    viewer.go(view)
    viewer.settled()
    assert viewer.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    expect(viewer.page.locator("nav [aria-current]")).to_be_in_viewport(ratio=1)
