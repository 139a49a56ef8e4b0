"""What looks like markup in a configuration, in its stores and in what HAProxy says is shown as text, in every view."""

import json
from urllib.parse import quote

import pytest

from tests.page.browser.viewer import expect
from tests.page.browser.walk import TOP, VIEWS

ATTACK = "window.attacked = (window.attacked || 0) + 1"
PAYLOADS = [
    f'<img src=x onerror="{ATTACK}">',
    f'"><script>{ATTACK}</script>',
    f"</textarea></pre></style><svg onload='{ATTACK}'>",
    f"javascript:{ATTACK}",
    "${window.attacked=1}{{constructor.constructor('window.attacked=1')()}}",
    "<iframe srcdoc='<script>parent.attacked=1</script>'>",
    "\u202egnp.exe\u2066\u200f ]]>--><!--",
    "&lt;b&gt;&#x3c;i&#x3e; %0a<b>bold</b>",
]

"""As one word of a line of HAProxy's."""
WORDS = [one.translate({ord(sign): f"\\{sign}" for sign in " \\\"'#"}) for one in PAYLOADS]
NAMED = "javascript:alert_1"
"""A name as HAProxy takes one: letters, digits, and - _ . :"""
COMMENTS = "".join(f"  # {one}\n" for one in PAYLOADS)
HEADERS = "".join(f"  http-request set-header X-{index} {word.replace('%', '%%')}\n" for index, word in enumerate(WORDS))
MORE = f"""
frontend {NAMED}
{COMMENTS}  description {WORDS[0]}
  acl {NAMED} path -i {WORDS[0]} {WORDS[1]}
{HEADERS}  use_backend {NAMED} if {NAMED} {{ path_beg {WORDS[0]} }} {{ hdr(x) {WORDS[2]} }}
  use_backend %[path] if {{ path_beg {WORDS[5]} }}
  default_backend {NAMED}

backend {NAMED}
  description {WORDS[1]}
{COMMENTS}  stick-table type string len 200 size 100 expire 10m store http_req_cnt
  http-request track-sc1 hdr(x-key)
  errorfile 503 /dev/null
  server {NAMED} 127.0.0.1:9 check inter 200ms cookie {WORDS[1]}
"""
COUNT = """() => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
  const count = (what) => roots.reduce((sum, root) => sum + root.querySelectorAll(what).length, 0);
  return [window.attacked ?? 0, count("script"), count("img, iframe, object, embed, [onerror], [onload]"), count("a[href^='javascript' i]")];
}"""
CLEAN = [0, 1, 0, 0]
HARMFUL = [
    "map?chosen=" + quote(f"backend:{NAMED}"), "map?chosen=" + quote(f"frontend:{NAMED}"), "map?chosen=" + quote(f"rule:{NAMED}:0"),
    "servers?" + f"backend={quote(NAMED)}&server={quote(NAMED)}", f"tables?table={quote(NAMED)}",
    f"forms?resource={quote(f'{TOP}/frontends/{NAMED}', '')}", f"forms?collection={quote(f'{TOP}/frontends/{NAMED}/http_request_rules', '')}",
    f"trace?url={quote(PAYLOADS[0], '')}&source={quote(PAYLOADS[1], '')}", f"forms?collection={quote('/' + PAYLOADS[0], '')}",
    *(f"{view}?search={quote(PAYLOADS[0], '')}&name={quote(PAYLOADS[1], '')}" for view in ("map", "servers", "certificates")),
    quote(PAYLOADS[0], ""),
]  # fmt: skip

@pytest.fixture(scope="module", autouse=True)
def attacked(system):
    """Put markup into all that the API and HAProxy take."""
    for number, payload in enumerate(PAYLOADS):
        entry = {"key": payload.replace(" ", "_"), "value": payload}
        answer = system.client.call("POST", "/v3/services/haproxy/runtime/maps/teams.map/entries", entry)
        assert answer.status in (201, 400), answer.body
        system.request(f"/{quote(payload)}", **{"X-Key": payload.encode("ascii", "ignore").decode(), "Host": "shop.example"})
        if number < 3:
            text = system.text().replace(f"  # {payload}", f"  # {number} {payload}")
            system.put_text(text, payload.encode("ascii", "ignore").decode())
    for reason in PAYLOADS[:2]:
        headers = {"X-Change-Reason": reason}
        path = "/v3/services/haproxy/transactions"
        begun = system.client.call("POST", path, version=system.client.version(), headers=headers).json
        rule = {"type": "set-header", "hdr_name": "X-Y", "hdr_format": WORDS[PAYLOADS.index(reason)]}
        path = f"frontends/{quote(NAMED)}/http_request_rules/0"
        system.configuration("POST", path, rule, transaction_id=begun["id"])
    return system

def test_no_view_makes_elements_of_it(open_window, attacked):
    viewer = open_window()
    viewer.permitted = {400, 404, 422}
    transaction = attacked.client.call("GET", "/v3/services/haproxy/transactions").json[0]["id"]
    newest = attacked.client.version()
    found = {}
    for view in [*VIEWS, *HARMFUL, f"transactions?id={transaction}", f"history?version={newest}", "patterns?kind=maps&list=teams.map"]:
        viewer.go(view)
        viewer.settled()
        if (seen := viewer.page.evaluate(COUNT)) != CLEAN:
            found[view] = seen
    assert found == {}

def test_it_is_shown_as_it_is(viewer, attacked):
    viewer.permitted = {404}
    main = viewer.go("map?chosen=" + quote(f"backend:{NAMED}"))
    expect(main.locator(".lines")).to_contain_text(PAYLOADS[3])
    expect(main.locator(".facts")).to_contain_text("<script>")
    main = viewer.go(f"history?version={attacked.client.version()}")
    expect(main.locator(".facts")).to_contain_text("</textarea>")
    main = viewer.go("patterns?kind=maps&list=teams.map")
    expect(main.get_by_text(PAYLOADS[0], exact=True)).to_be_visible()

@pytest.mark.parametrize("payload", PAYLOADS[:3])
def test_what_is_typed_and_what_is_refused_is_text(viewer, attacked, payload):
    """The editor, the words of HAProxy about what it holds, and a plan."""
    page = viewer.page
    viewer.go("editor")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"\nbackend new\n  {payload}\n")
    expect(page.get_by_label("What HAProxy says")).to_contain_text(payload.split()[0][:10])
    viewer.button("Show what it does").click()
    viewer.dialog("What it would do")
    assert page.evaluate(COUNT) == CLEAN

def test_refusals_and_names_of_files_are_text(viewer, attacked, tmp_path):
    viewer.permitted = {400, 404, 406, 409, 422}
    page = viewer.page
    viewer.go("certificates?name=shop.pem")
    file = tmp_path / PAYLOADS[0].replace("/", "_")
    file.write_text("no certificate")
    page.get_by_label("Replace shop.pem").set_input_files(file)
    expect(page.locator(".announcer .message.bad").or_(page.get_by_role("dialog"))).to_be_visible()
    assert page.evaluate(COUNT) == CLEAN
    viewer.go(f"trace?url={quote('/' + PAYLOADS[0], '')}&frontend={quote(NAMED)}")
    page.get_by_label("Header fields").fill("X-Key: " + PAYLOADS[1])
    viewer.button("Trace", exact=True).click()
    expect(page.locator(".outcome, main .problem").first).to_be_visible()
    assert page.evaluate(COUNT) == CLEAN

def test_what_the_api_says_of_itself_is_text(viewer, attacked):
    """Names and words that HAProxy would not take, as if the API had told them."""
    page, words = viewer.page, PAYLOADS[0]
    row = {"id": words, "storage_name": words, "domains": words, "issuers": PAYLOADS[1], "algorithm": words, "file": words, "description": words}
    places = {
        "**/v3/services/haproxy/storage/ssl_certificates": [row], "**/v3/services/haproxy/storage/ssl_certificates/*": row,
        "**/v3/services/haproxy/runtime/maps?**": [row], "**/v3/services/haproxy/runtime/acls": [row],
        "**/v3/service_discovery/consul": [{**row, "name": words, "enabled": True}],
        "**/v3/service_discovery/status": [{**row, "failures": 1, "message": PAYLOADS[1]}],
        "**/dataplane/v1/drift": {"deviations": [{
            "kind": words, "subject": words, "property": PAYLOADS[1], "file": {"a": words}, "process": words,
            "towards_file": {"commands": [words]}, "towards_process": {"impossible": PAYLOADS[2]},
        }]},
        "**/dataplane/v1/fleet": {
            "fleet": words, "node": words, "reachable": True, "leader": words, "alarms": [PAYLOADS[1]],
            "newest": {"version": 7, "node": words},
            "nodes": [{"name": words, "group": PAYLOADS[1], "is_alive": True, "state": "refused", "reason": PAYLOADS[2],
                       "findings": [{"line": 1, "message": words}]}],
            "rollout": {"version": 7, "state": "stopped", "waves": [[words], [PAYLOADS[1]]], "wave": 0,
                        "log": [{"time": "2026-01-01T00:00:00Z", "text": words}]},
        },
    }  # fmt: skip
    for place, body in places.items():
        page.route(place, lambda route, _, body=body: route.fulfill(json=body))
    for view in ("certificates", "patterns", "discovery", "drift", "fleet"):
        viewer.go(view)
        expect(page.locator("main").get_by_text(words).first).to_be_visible()
        assert page.evaluate(COUNT) == CLEAN, (view, json.dumps(page.content())[:500])
