"""Cross-origin access: only for origins that the settings name."""

ORIGIN = {"Origin": "https://ui.example"}
ASKS = {**ORIGIN, "Access-Control-Request-Method": "PUT"}


def test_without_settings_no_origin_may(api):
    answer = api.call("GET", "/v2/info", headers=ORIGIN)
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers
    assert api.call("OPTIONS", "/v2/info", headers=ASKS).status_code == 405


def test_a_named_origin_may(make_api):
    api = make_api(dataplane__cors_origins=("https://ui.example",))
    answer = api.call("GET", "/v2/info", headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "https://ui.example"
    assert "Reload-ID" in answer.headers["access-control-expose-headers"]
    refused = api.call("GET", "/v2/nope", headers=ORIGIN)
    assert refused.headers["access-control-allow-origin"] == "https://ui.example"
    other = api.call("GET", "/v2/info", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_preflights_need_no_credentials(make_api):
    api = make_api(dataplane__cors_origins=("https://ui.example",))
    answer = api.call("OPTIONS", "/v2/info", user=None, headers=ASKS)
    assert answer.status_code == 204
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert api.call("OPTIONS", "/v2/info", user=None, headers=ORIGIN).status_code == 401
    stranger = {**ASKS, "Origin": "https://evil.example"}
    assert api.call("OPTIONS", "/v2/info", user=None, headers=stranger).status_code == 401


def test_a_star_is_every_origin(make_api):
    api = make_api(dataplane__cors_origins=("*",))
    answer = api.call("GET", "/v2/info", headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "https://ui.example"
