"""Named sections: lists, objects, what a PUT keeps, what `from` means."""

import pytest

from tests.api.support import TEXT, Api


def test_a_list_has_the_sections_in_file_order(api):
    assert api.get("backends") == [{"name": "be1"}]
    assert api.get("gates") == [{"name": "g1", "limit": 7}]
    assert [one["name"] for one in api.get("frontends")] == ["fe1"]


def test_one_section(api):
    answer = api.call("GET", "gates/g1")
    assert answer.json == {"_version": 1, "data": {"name": "g1", "limit": 7}}
    assert answer.headers["configuration-version"] == "1"
    assert api.refused("GET", "gates/none")[:2] == (404, 404)


def test_a_new_section_stands_behind_its_kind(api):
    body = {"name": "be2", "mode": "tcp", "balance": {"algorithm": "uri", "uri_len": 3}}
    answer = api.call("POST", "backends", body, version=1)
    assert (answer.status_code, answer.json) == (202, body)
    assert answer.headers["reload-id"]
    assert answer.headers["configuration-version"] == "2"
    added = "backend be2\n  mode tcp\n  balance uri len 3\n\n"
    assert api.text == TEXT.replace("my-gate", added + "my-gate")
    assert api.get("backends/be2") == body


def test_a_name_that_is_taken(api):
    status, code, message = api.refused("POST", "backends", {"name": "be1"})
    assert (status, code) == (409, 409)
    assert "be1" in message


def test_put_keeps_name_children_and_what_is_not_known(api):
    answer = api.change("PUT", "frontends/fe1", {"name": "other", "mode": "tcp"})
    assert answer.json == {"name": "other", "mode": "tcp"}
    shown = {"name": "fe1", "mode": "tcp", "x_unmanaged": ["unknown words"]}
    assert api.get("frontends/fe1") == shown
    assert api.text == TEXT.replace("frontend fe1\n", "frontend fe1\n  mode tcp\n")


def test_put_of_what_get_said_changes_nothing(api):
    for path in ("frontends/fe1", "backends/be1", "gates/g1", "global", "defaults"):
        api.change("PUT", path, api.get(path))
        assert api.text == TEXT


def test_delete_takes_the_children_along(api):
    assert api.change("DELETE", "backends/be1").text == ""
    assert "keeper k1" not in api.text
    assert api.refused("DELETE", "backends/be1")[0] == 404


def test_a_change_in_a_transaction_shows_there_only(api):
    with api.transaction() as one:
        answer = api.call("POST", "gates", {"name": "g2", "limit": 3}, transaction_id=one)
        assert answer.status_code == 202
        assert "reload-id" not in answer.headers
        assert answer.headers["configuration-version"] == "1"
        assert api.get("gates/g2", transaction_id=one) == {"name": "g2", "limit": 3}
        assert api.call("GET", "gates/g2").status_code == 404
    assert api.get("gates/g2") == {"name": "g2", "limit": 3}
    assert api.version == 2


def test_forced_reloads_answer_when_they_are_over(api):
    assert api.change("POST", "gates", {"name": "g2"}, force_reload="true").status_code == 201
    assert api.change("PUT", "gates/g2", {"name": "g2", "limit": 5}, force_reload="true").status_code == 200
    deleted = api.change("DELETE", "gates/g2", force_reload="true")
    assert (deleted.status_code, deleted.text) == (204, "")


class TestSingle:
    def test_read_and_replace(self, api):
        assert api.get("global") == {"maxconn": 100}
        api.change("PUT", "global", {"maxconn": 7})
        assert api.text == TEXT.replace("maxconn 100   # enough", "maxconn 7   # enough")

    def test_it_is_made_when_it_is_missing(self, make_api):
        api = make_api("backend be1\n")
        assert api.get("global") == {}
        api.change("PUT", "global", {"maxconn": 7})
        assert api.text == "global\n  maxconn 7\n\nbackend be1\n"

    def test_defaults_are_the_last_ones_and_are_not_made(self, make_api):
        api = make_api("defaults a\n  mode tcp\n\ndefaults\n  mode http\n")
        assert api.get("defaults") == {"mode": "http"}
        api.change("PUT", "defaults", {"mode": "tcp", "name": "ignored"})
        assert api.text == "defaults a\n  mode tcp\n\ndefaults\n  mode tcp\n"
        empty = make_api("backend x\n")
        assert empty.get("defaults") == {}
        assert empty.refused("PUT", "defaults", {"mode": "tcp"})[:2] == (404, 404)


class TestUnnamedDefaults:
    FILE = "defaults\n  mode tcp\n\nbackend a\n\ndefaults zz\n  mode http\n\ndefaults\n\nbackend b\n"

    def test_names_are_made_up_in_file_order(self, make_api):
        api = make_api(self.FILE)
        names = [one["name"] for one in api.get("named_defaults")]
        assert names == ["unnamed_defaults_1", "zz", "unnamed_defaults_2"]
        assert api.get("named_defaults/unnamed_defaults_1")["mode"] == "tcp"
        for wrong in ("unnamed_defaults_3", "unnamed_defaults_0", "unnamed_defaults_", "unnamed_defaults_²"):
            assert api.refused("GET", f"named_defaults/{wrong}")[0] == 404

    def test_a_change_does_not_write_them(self, make_api):
        api = make_api(self.FILE)
        api.change("PUT", "named_defaults/unnamed_defaults_1", {"name": "unnamed_defaults_1", "mode": "http"})
        assert api.text == self.FILE.replace("tcp", "http")

    def test_a_real_name_wins(self, make_api):
        api = make_api("defaults\n\ndefaults unnamed_defaults_1\n  mode tcp\n")
        assert api.get("named_defaults/unnamed_defaults_1")["mode"] == "tcp"


class TestFrom:
    FILE = "defaults a\n  mode tcp\n\ndefaults b\n\nbackend x\n\nbackend y from a\n"

    @pytest.fixture
    def api(self, make_api) -> Api:
        made: Api = make_api(self.FILE)
        return made

    def test_it_is_shown_only_where_it_is_written(self, api):
        assert api.get("backends") == [{"name": "x"}, {"name": "y", "from": "a"}]

    def test_the_value_in_effect_changes_nothing(self, api):
        api.change("PUT", "backends/x", {"name": "x", "from": "b"})
        api.change("PUT", "backends/y", {"name": "y", "from": "a"})
        assert api.text == self.FILE

    def test_another_value_is_written_and_an_absent_one_taken_away(self, api):
        api.change("PUT", "backends/x", {"name": "x", "from": "a"})
        api.change("PUT", "backends/y", {"name": "y"})
        assert api.text == self.FILE.replace("backend x", "backend x from a").replace("y from a", "y")

    def test_it_is_written_on_a_new_section(self, api):
        api.change("POST", "backends", {"name": "z", "from": "a"})
        api.change("POST", "backends", {"name": "w", "from": "b"})
        assert api.text == self.FILE + "\nbackend z from a\n\nbackend w\n"

    def test_the_defaults_section_has_to_exist(self, api):
        for method, path in (("POST", "backends"), ("PUT", "backends/x")):
            body = {"name": "z", "from": "none"}
            status, code, message = api.refused(method, path, body)
            assert (status, code) == (400, 400)
            assert "missing defaults section none" in message

    def test_a_section_without_a_name_can_be_meant_where_it_is_in_effect(self, make_api):
        text = "defaults a\n\nbackend x\n\ndefaults\n\nbackend y from a\n"
        api = make_api(text)
        api.change("PUT", "backends/y", {"name": "y", "from": "unnamed_defaults_1"})
        assert api.text == text.replace("y from a", "y")
        api.change("PUT", "backends/x", {"name": "x", "from": "unnamed_defaults_1"})
        assert api.text == "defaults a\n\ndefaults\n\nbackend y\n\nbackend x\n"
        unfit = {"name": "z", "from": "unnamed_defaults_1"}
        assert api.refused("POST", "named_defaults", unfit)[0] == 400


class TestPlaceOfDefaults:
    """A new `defaults` section must not change what proxies inherit."""

    def test_it_stands_behind_the_others_where_nobody_is_touched(self, make_api):
        api = make_api("defaults a\n\nbackend x from a\n")
        api.change("POST", "named_defaults", {"name": "n"})
        assert api.text == "defaults a\n\ndefaults n\n\nbackend x from a\n"

    def test_it_stands_in_front_of_the_one_that_is_inherited(self, make_api):
        api = make_api("defaults\n  mode tcp\n\nbackend x\n")
        api.change("POST", "named_defaults", {"name": "n", "mode": "http"})
        assert api.text == "defaults n\n  mode http\n\ndefaults\n  mode tcp\n\nbackend x\n"

    def test_an_heir_of_it_stands_at_the_end(self, make_api):
        api = make_api("defaults a\n\nbackend x\n")
        api.change("POST", "named_defaults", {"name": "n", "from": "a"})
        assert api.text == "defaults a\n\nbackend x\n\ndefaults n from a\n"

    def test_the_first_one_stands_in_front_of_proxies_that_name_theirs(self, make_api):
        api = make_api("global\n\nbackend x from d\n")
        api.change("POST", "named_defaults", {"name": "n"})
        assert api.text == "global\n\ndefaults n\n\nbackend x from d\n"

    def test_nobody_inherits_from_the_first_one_unasked(self, make_api):
        api = make_api("global\n\nbackend x\n")
        api.change("POST", "named_defaults", {"name": "n"})
        assert api.text == "global\n\nbackend x\n\ndefaults n\n"
        api.change("PUT", "backends/x", {"name": "x", "from": "n"})
        assert api.text == "global\n\ndefaults n\n\nbackend x\n"


B0 = """\
global
  maxconn 10
defaults d1
  mode http
frontend zz
backend zb
"""
LATER = """\
defaults d2
  mode tcp
listen x
"""


class TestFromFurtherDown:
    """`from` names a section further up: a section that names another one stands behind it."""

    @pytest.mark.parametrize("kind", ["frontend", "backend"])
    @pytest.mark.parametrize(
        ("rest", "expected"),
        [
            (LATER, LATER + "\nNEW\n"),
            (LATER.replace("tcp\n", "tcp\n\n") + "\n", LATER.replace("tcp\n", "tcp\n\n") + "\nNEW\n\n"),
            (LATER + "\n\ndefaults d3\n\nlisten c\n",
             LATER + "\n\nNEW\n\ndefaults d3\n\nlisten c\n"),
            (LATER + "defaults\nlisten c\n", LATER + "NEW\ndefaults\nlisten c\n"),
            (LATER + "\n# of d3\ndefaults d3\nlisten c\n",
             LATER.replace("listen x\n", "NEW\nlisten x\n") + "\n# of d3\ndefaults d3\nlisten c\n"),
            (LATER + "\n.if A\nlisten y\n.endif\n", LATER + "\n.if A\nlisten y\n.endif\n\nNEW\n"),
            (".if A\ndefaults d2\n.else\ndefaults d2\n.endif\nlisten x\n",
             ".if A\ndefaults d2\n.else\ndefaults d2\n.endif\nlisten x\n\nNEW\n"),
            ("defaults d2\n\n# of d3\ndefaults d3\n", "defaults d2\n\n# of d3\ndefaults d3\n\nNEW from d2\n"),
        ],
    )  # fmt: skip
    def test_a_new_section_stands_behind_it(self, make_api, kind, rest, expected):
        api = make_api(B0 + rest)
        api.change("POST", f"{kind}s", {"name": "new", "from": "d2"})
        assert api.text == B0 + expected.replace("NEW", f"{kind} new")
        api.change("DELETE", f"{kind}s/new")
        assert api.text == B0 + rest

    def test_a_section_without_a_name_is_inherited_from_in_its_reach(self, make_api):
        rest = "defaults\n  mode tcp\nlisten x\n\n# of d3\ndefaults d3\n"
        api = make_api(B0 + rest)
        api.change("POST", "backends", {"name": "new", "from": "unnamed_defaults_1"})
        assert api.text == B0 + rest.replace("listen", "backend new\nlisten")

    def test_a_section_that_is_there_moves_behind_it(self, make_api):
        text = B0.replace("backend zb\n", "# old one\n#backend old\n# of zb\nbackend zb # b\n  future x\n")
        api = make_api(text + LATER)
        api.change("PUT", "backends/zb", {"name": "zb", "from": "d2"})
        moved = "# of zb\nbackend zb # b\n  future x\n"
        stays = text.partition("# of zb")[0]
        assert api.text == stays + LATER + "\n" + moved
        api.change("PUT", "backends/zb", {"name": "zb", "from": "d1"})
        assert api.text == stays + LATER + "\n" + moved.replace("zb # b", "zb from d1 # b")

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            (".if A\nbackend zb\n.endif\ndefaults d2\n", "backends/zb"),
            ("backend zb\n.if A\n  mode tcp\nlisten c\n.endif\ndefaults d2\n", "backends/zb"),
            ("defaults d1\nlisten c\ndefaults d2\nbackend e\n", "named_defaults/d1"),
        ],
    )
    def test_what_cannot_move_is_refused(self, make_api, text, path):
        api = make_api(text)
        status, _, message = api.refused("PUT", path, {"name": path.partition("/")[2], "from": "d2"})
        assert status == 400
        assert "cannot inherit from d2, which stands below it" in message


def test_bytes_that_are_not_utf_8_survive(make_api):
    text = b"backend x\n  description caf\xe9\n".decode("utf-8", "surrogateescape")
    api = make_api(text)
    answer = api.call("GET", "backends/x")
    assert "\\udce9" in answer.text
    api.call("PUT", "backends/x", raw=answer.text.partition('"data":')[2][:-1], version=1)
    assert api.text == text
