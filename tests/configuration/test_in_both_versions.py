"""What one version of the interface writes, as the others show it; a PUT of it changes no byte."""

import subprocess

import pytest

from dataplane_core.haproxy import binaries
from tests.laws.support import Everything

TOP = "/v3/services/haproxy/configuration"

GLOBALS = [
    ("daemon", {"daemon": "enabled"}, {"daemon": True}),
    ("maxconn 10", {"maxconn": 10}, {"performance_options": {"maxconn": 10}}),
    ("prealloc-fd", {"prealloc-fd": True}, {"prealloc_fd": True}),
    ("tune.bufsize 32k", {"tune_options": {"bufsize": 32768}}, {"tune_buffer_options": {"bufsize": 32768}}),
    ("tune.ssl.cachesize 9", {"tune_options": {"ssl_cachesize": 9}}, {"tune_ssl_options": {"cachesize": 9}}),
    (
        *("tune.ssl.lifetime 1500ms", {"tune_options": {"ssl_lifetime": 2}}),
        {"tune_ssl_options": {"lifetime": 1500}},
    ),
    ("tune.vars.txn-max-size 5", {"tune_options": {"vars_txn_max_size": 5}}, {"tune_vars_options": {"txn_max_size": 5}}),
    (
        *("tune.lua.maxmem 7", {"tune_options": {"lua_maxmem": True, "lua_maxmem_megabytes": 7}}),
        {"tune_lua_options": {"maxmem": 7}},
    ),
    ("tune.quic.cc-hystart on", {"tune_options": {"quic_cc_hystart": "enabled"}}, {"tune_quic_options": {"cc_hystart": "enabled"}}),
    (
        *("tune.ssl.certificate-compression off", {"tune_options": {"ssl_certificate_compression": "off"}}),
        {"tune_ssl_options": {"certificate_compression": "disabled"}},
    ),
    ("setenv A b", {"setenv": [{"name": "A", "value": "b"}]}, {"environment_options": {"setenv": [{"name": "A", "value": "b"}]}}),
    (
        *("http-err-codes 400-499 -401\n  http-err-codes +500", {"http_err_codes": ["400-499", "-401", "+500"]}),
        {"http_err_codes": [{"value": "400-499 -401"}, {"value": "+500"}]},
    ),
    ("ocsp-update.disable on", {"ocsp_update_options": {"disable": True}}, {"ocsp_update_options": {"disable": True}}),
    ("ocsp-update.mode on", {"ocsp_update_options": {"mode": "enabled"}}, {"ocsp_update_options": {"mode": "enabled"}}),
    ("cpu-affinity per-group loose", {}, {"cpu_affinity": {"affinity": "per-group", "argument": "loose"}}),
    ("max-threads-per-group 8", {}, {"max_threads_per_group": 8}),
    ("tune.bufsize.large 64k", {}, {"tune_buffer_options": {"bufsize_large": 65536}}),
]  # fmt: skip
SHOWN_EMPTY = ("device_atlas_options", "fifty_one_degrees_options", "tune_options", "wurfl_options")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("api"), "global\n  daemon\n")


def replace_file(api, text):
    path = "/v3/services/haproxy/configuration/raw"
    headers = {"Content-Type": "text/plain"}
    answer = api.call("POST", path, raw=text, headers=headers, skip_version=True)
    assert answer.status_code in (201, 202), answer.text


@pytest.mark.parametrize(("line", "old", "new"), GLOBALS)
def test_the_global_section_says_the_same_in_both_versions(api, line, old, new):
    replace_file(api, f"global\n  future x # kept\n  {line}\n")
    before = api.text
    shown = api.get("global")
    assert {name: one for name, one in shown.items() if one and name != "x_unmanaged"} == old
    api.change("PUT", "global", shown)
    assert api.text == before
    shown = api.call("GET", f"{TOP}/global").json
    assert {name: one for name, one in shown.items() if name != "x_unmanaged"} == new
    api.change("PUT", f"{TOP}/global", shown)
    assert api.text == before
    api.change("PUT", f"{TOP}/global", {})
    api.change("PUT", f"{TOP}/global", new)
    told = api.call("GET", f"{TOP}/global").json
    assert new.items() <= told.items() or "ocsp_update_options" in new


def test_what_version_3_alone_can_say_stays_in_a_put_of_version_2(api):
    replace_file(api, "global\n  noktls # why\n  maxconn 1\n")
    api.change("PUT", "global", {"maxconn": 2})
    assert api.text == "global\n  noktls # why\n  maxconn 2\n"


def test_numbers_are_written_with_units_in_version_3_alone(api):
    replace_file(api, "global\n")
    body = {"tune_options": {"h2_be_rxbuf": 32768}, "tune_ssl_options": {"lifetime": 300_000}}
    api.change("PUT", f"{TOP}/global", body)
    assert api.text == "global\n  tune.ssl.lifetime 5m\n  tune.h2.be.rxbuf 32k\n"
    replace_file(api, "global\n")
    api.change("PUT", "global", {"tune_options": {"h2_be_rxbuf": 32768, "ssl_lifetime": 300}})
    assert api.text == "global\n  tune.ssl.lifetime 300\n  tune.h2.be.rxbuf 32768\n"


def test_no_unit_is_written_where_some_haproxy_reads_none(api):
    replace_file(api, "global\n")
    api.change("PUT", f"{TOP}/global", {"tune_buffer_options": {"bufsize": 32768, "rcvbuf_client": 1 << 20}})
    assert api.text == "global\n  tune.bufsize 32768\n  tune.rcvbuf.client 1048576\n"
    for program in binaries.installed().values():
        judged = subprocess.run([program, "-c", "-f", api.file], capture_output=True)
        # 2 is "no listener"; with `32k`, 2.8 and 3.0 take the buffers for 32 bytes and end by a signal.
        assert (judged.returncode in (0, 2), judged.stderr.count(b"ALERT")) == (True, 0), judged.stderr


def test_a_limit_goes_with_the_switch_that_only_version_2_has(api):
    replace_file(api, "global\n  daemon\n  tune.lua.maxmem 7\n")
    api.change("PUT", f"{TOP}/global", {"daemon": True})
    assert api.text == "global\n  daemon\n"


def test_processors_and_directives_go_together(api):
    status, _, message = api.refused("PUT", f"{TOP}/global", {"cpu_set": [{"directive": "only-cpu"}]})
    assert (status, "needs a set" in message) == (400, True)
    sets = [{"directive": "reset", "set": "0"}]
    assert api.refused("PUT", f"{TOP}/global", {"cpu_set": sets})[0] == 400
    assert api.refused("PUT", "global", {"cpu_set": sets})[0] == 422


def test_new_applications_get_a_limit_of_version_3_and_old_ones_do_not(api):
    replace_file(api, "fcgi-app old\n  docroot /a\n")
    before = api.text
    api.change("PUT", f"{TOP}/fcgi_apps/old", api.call("GET", f"{TOP}/fcgi_apps/old").json)
    assert api.text == before
    api.change("POST", f"{TOP}/fcgi_apps", {"name": "new", "docroot": "/b"})
    assert api.call("GET", f"{TOP}/fcgi_apps/new").json["max_reqs"] == 1
    api.change("POST", "fcgi_apps", {"name": "third", "docroot": "/b"})
    assert "max_reqs" not in api.call("GET", f"{TOP}/fcgi_apps/third").json


def test_all_behind_the_path_of_a_socket_to_listen_on_is_its_path(api):
    replace_file(api, "log-forward lf\n  dgram-bind unix@/tmp/a:5 name u\n  dgram-bind :5-6 name n\n")
    shown = api.call("GET", f"{TOP}/log_forwards/lf/dgram_binds").json
    assert shown == [{"name": "u", "address": "unix@/tmp/a:5"}, {"name": "n", "port": 5, "port-range-end": 6}]


def test_words_beside_the_global_section_stay_and_metadata_goes(api):
    for comment, shown, after in (
        ("# by hand", None, "# by hand"),
        ('# {"owner":"me"}', {"owner": "me"}, ""),
    ):
        replace_file(api, f"global {comment}\n  daemon\n")
        assert api.call("GET", f"{TOP}/global").json.get("metadata") == shown
        api.change("PUT", f"{TOP}/global", {"daemon": True, "grace": 1000})
        assert api.text.splitlines()[0] == f"global {after}".strip()


@pytest.mark.parametrize("name", ["a#b", "#", '"a#b"', "a\\#b", "'a'", 'a"', "a\\"])
def test_a_name_is_exactly_one_word_of_a_header(api, name):
    body = {"name": name, "docroot": "/b"}
    for path in (f"{TOP}/fcgi_apps", "fcgi_apps"):
        status, _, message = api.refused("POST", path, body)
        assert (status, message.startswith("name in body ")) == (422, True)


ERRORS = [
    "\thttp-error   status 404 content-type text/plain string gone\n",
    "      http-error status 503  content-type text/html file /x.html hdr X-A b  # by hand\n",
    '  # for a while\n  http-error\tstatus 400 default-errorfiles # {"b":1, "a":2}\n',
]


@pytest.mark.parametrize("order", [(1, 2), (0, 2), (0, 1), (1, 0, 2), (2, 0, 1), (1, 2, 0), (2, 0), (1, 0)])
def test_rules_that_go_or_stand_elsewhere_leave_the_others_as_they_are_written(api, order):
    replace_file(api, "frontend fe\n" + "".join(ERRORS))
    path = f"{TOP}/frontends/fe/http_error_rules"
    rules = api.call("GET", path).json
    api.change("PUT", path, [rules[at] for at in order])
    assert api.text == "frontend fe\n" + "".join(ERRORS[at] for at in order)


@pytest.mark.parametrize("name", ["a/b", "a,b", "a$b", "%41", "a\\b", "é"])
def test_a_fcgi_application_has_a_name_that_haproxy_reads(api, name):
    """HAProxy ends by a fault of its memory over others, from 2.6 to 3.2."""
    for path, status in ((f"{TOP}/fcgi_apps", 422), ("fcgi_apps", 422)):
        assert api.refused("POST", path, {"name": name, "docroot": "/b"})[0] == status
