"""Rows: named and indexed ones, their parents, made-up names."""

import pytest

from dataplane_core.resources.query_words import Orphans
from tests.api.support import TEXT

FE1 = {"parent_type": "frontend", "parent_name": "fe1"}
K1 = {"name": "k1", "address": "10.0.0.1", "weight": 5}


class TestNamed:
    def test_list_and_object(self, api):
        assert api.get("keepers", backend="be1") == [K1, {"name": "k2", "address": "10.0.0.2"}]
        assert api.get("keepers/k1", backend="be1") == K1
        assert api.get("keepers/k1", parent_type="backend", parent_name="be1") == K1
        assert api.refused("GET", "keepers/none", backend="be1")[:2] == (404, 404)

    def test_a_new_one_stands_behind_the_last(self, api):
        body = {"name": "k3", "address": "10.0.0.3", "weight": 0}
        answer = api.change("POST", "keepers", body, backend="be1")
        assert (answer.status_code, answer.json) == (202, body)
        last = "  keeper k2 10.0.0.2\n"
        assert api.text == TEXT.replace(last, last + "  keeper k3 10.0.0.3 weight 0\n")

    def test_a_name_that_is_taken(self, api):
        body = {"name": "k1", "address": "1.1.1.1"}
        assert api.refused("POST", "keepers", body, backend="be1")[:2] == (409, 409)

    def test_put_touches_one_line_and_delete_takes_one(self, api):
        api.change("PUT", "keepers/k1", {**K1, "weight": 6}, backend="be1")
        line = "  keeper   k1 10.0.0.1   weight 5  # here\n"
        assert api.text == TEXT.replace(line, "  keeper k1 10.0.0.1 weight 6  # here\n")
        api.change("DELETE", "keepers/k1", backend="be1")
        assert "k1" not in api.text
        assert "keeper k2" in api.text

    def test_another_name_renames(self, api):
        api.change("PUT", "keepers/k2", {"name": "k9", "address": "10.0.0.2"}, backend="be1")
        assert [one["name"] for one in api.get("keepers", backend="be1")] == ["k1", "k9"]
        body = {"name": "k1", "address": "10.0.0.2"}
        assert api.refused("PUT", "keepers/k9", body, backend="be1")[:2] == (409, 409)

    def test_put_of_what_get_said_changes_nothing(self, api):
        for one in api.get("keepers", backend="be1"):
            api.change("PUT", f"keepers/{one['name']}", one, backend="be1")
        assert api.text == TEXT

    def test_a_property_can_have_another_name_in_this_version(self, api):
        api.change("POST", "keepers", {"name": "n", "address": "a", "label": "x"}, backend="be1")
        assert "keeper n a tag x\n" in api.text
        assert api.get("keepers/n", backend="be1")["label"] == "x"


class TestParents:
    def test_listen_is_one_of_them(self, api):
        assert api.get("keepers", parent_type="listen", parent_name="li")[0]["name"] == "lk"
        assert api.get("keepers/lk", backend="li")["address"] == "10.9.9.9"
        api.change("POST", "doors", {"address": "10.0.0.8:80"}, frontend="li")
        assert "listen li\n  door 10.0.0.9:80\n  door 10.0.0.8:80\n" in api.text

    def test_a_label_can_differ_from_the_keyword(self, api):
        body = {"name": "k", "address": "a"}
        api.change("POST", "keepers", body, parent_type="my_gate", parent_name="g1")
        assert "limit 7\n  keeper k a\n" in api.text

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({}, 422, 602),
            ({"parent_type": "backend"}, 400, 400),
            ({"parent_type": "my_gate", "parent_name": ""}, 400, 400),
            ({"backend": ""}, 422, 602),
            ({"parent_type": "nope", "parent_name": "be1"}, 422, 606),
        ],
    )
    def test_it_has_to_be_named(self, api, query, status, code):
        assert api.refused("GET", "keepers", **query)[:2] == (status, code)
        body = {"name": "k", "address": "a"}
        assert api.refused("POST", "keepers", body, **query)[:2] == (status, code)

    @pytest.mark.parametrize(
        ("query", "other"),
        [
            ({"parent_type": "backend", "parent_name": "g1"}, "parent_type backend and parent_name g1"),
            ({"parent_type": "my_gate", "parent_name": "be1"}, "parent_type my_gate and parent_name be1"),
            ({"parent_name": "g1"}, "parent_name g1"),
            ({"parent_type": "my_gate"}, "parent_type my_gate"),
        ],
    )
    def test_two_that_differ(self, api, query, other):
        body = {"name": "k1", "address": "a"}
        for method, path in (
            ("POST", "keepers"), ("PUT", "keepers/k1"), ("DELETE", "keepers/k1"),
        ):  # fmt: skip
            sent = None if method == "DELETE" else body
            status, code, message = api.refused(method, path, sent, backend="be1", **query)
            assert (status, code) == (400, 400)
            assert message == f"backend be1 and {other} in query name different parents"
        assert api.get("keepers/k1", backend="be1", **query) == K1

    def test_two_that_are_the_same(self, api):
        both = {"parent_type": "backend", "parent_name": "be1"}
        for query in (both, {"parent_name": "be1"}, {"parent_type": "backend"}, {"parent_name": ""}):
            assert api.get("keepers", backend="be1", **query) == api.get("keepers", backend="be1")
        assert api.get("keepers/lk", backend="li", parent_type="listen")["name"] == "lk"
        assert api.get("keepers", backend="be1", parent_type="listen") == []

    def test_required_ones(self, api):
        assert api.refused("GET", "doors")[:2] == (422, 602)
        assert api.refused("GET", "passages", parent_name="fe1")[:2] == (422, 602)

    def test_missing_ones(self, api):
        body = {"name": "k", "address": "a"}
        assert api.get("keepers", backend="none") == []
        assert api.refused("GET", "doors", frontend="none")[:2] == (400, 400)
        assert api.refused("GET", "keepers/k1", backend="none")[:2] == (404, 404)
        status, _, message = api.refused("POST", "keepers", body, backend="none")
        assert (status, message) == (400, "missing parent: backend none does not exist")
        assert api.refused("PUT", "keepers/k", body, backend="none")[:2] == (404, 404)
        assert api.refused("DELETE", "keepers/k", backend="none")[:2] == (404, 404)
        one = {"parent_type": "frontend", "parent_name": "none"}
        assert api.get("passages", **one) == []
        for method, sent in (("GET", None), ("PUT", {"index": 0, "type": "allow"}), ("DELETE", None)):
            assert api.refused(method, "passages/0", sent, **one)[:2] == (400, 400)

    @pytest.mark.parametrize(
        ("orphans", "statuses"),
        [
            (Orphans(), {"list": 200, "create": 400, "read": 404, "delete": 404}),
            (Orphans(item=400, delete=404), {"read": 400, "replace": 400, "delete": 404}),
            (Orphans(create=404, nameless=400), {"create": 404, "replace": 404}),
        ],
    )
    def test_what_a_declaration_says_of_missing_ones(self, orphans, statuses):
        for operation, status in statuses.items():
            assert orphans.status(operation, indexed=False, nameless=False) == status
        assert orphans.status("read", indexed=True, nameless=False) == 400

    def test_parents_without_a_name_may_differ(self):
        orphans = Orphans(nameless=404)
        assert orphans.status("read", indexed=True, nameless=True) == 404
        assert orphans.status("create", indexed=True, nameless=True) == 400

    def test_defaults_need_no_name(self, api):
        api.change("POST", "passages", {"index": 0, "type": "allow"}, parent_type="defaults")
        assert "defaults\n  mode http\n  pass allow\n" in api.text
        named = {"parent_type": "defaults", "parent_name": "unnamed_defaults_1"}
        assert api.get("passages", **named) == [{"index": 0, "type": "allow"}]


class TestIndexed:
    def test_list_object_and_filter(self, api):
        rules = [
            {"index": 0, "type": "allow", "cond": "if", "cond_test": "A"},
            {"index": 1, "type": "deny", "status": 403},
        ]
        assert api.get("passages", **FE1) == rules
        assert api.get("passages/1", **FE1) == rules[1]
        assert api.get("passages", type="deny", **FE1) == rules[1:]

    @pytest.mark.parametrize(
        ("index", "expected"),
        [(0, [500, None, 403]), (1, [None, 500, 403]), (2, [None, 403, 500]), (-1, [None, 403, 500])],
    )
    def test_post_inserts_in_front_of_the_index(self, api, index, expected):
        body = {"index": index, "type": "deny", "status": 500}
        assert api.change("POST", "passages", body, **FE1).json == body
        assert [one.get("status") for one in api.get("passages", **FE1)] == expected

    def test_an_index_out_of_range(self, api):
        body = {"index": 3, "type": "allow"}
        status, code, message = api.refused("POST", "passages", body, **FE1)
        assert (status, code) == (400, 400)
        assert "3" in message
        for index in ("2", "-1", "99999999999"):
            assert api.refused("GET", f"passages/{index}", **FE1)[:2] == (404, 404)
            assert api.refused("PUT", f"passages/{index}", body, **FE1)[:2] == (404, 404)
            assert api.refused("DELETE", f"passages/{index}", **FE1)[:2] == (404, 404)

    @pytest.mark.parametrize(
        "index", ["x", "1.0", "99999999999999999999", "%31%20", "+1", "1_0", "%EF%BC%91", "%C2%B2"]
    )
    def test_an_index_that_is_none(self, api, index):
        assert api.refused("GET", f"passages/{index}", **FE1)[:2] == (422, 601)

    def test_it_is_required_in_bodies(self, api):
        for body in ({"type": "allow"}, {"type": "allow", "index": None}):
            assert api.refused("POST", "passages", body, **FE1)[:2] == (422, 602)
            assert api.refused("PUT", "passages/0", body, **FE1)[:2] == (422, 602)

    def test_put_uses_the_index_of_the_path(self, api):
        api.change("PUT", "passages/1", {"index": 0, "type": "deny"}, **FE1)
        assert api.text == TEXT.replace("  pass deny status 403\n", "  pass deny\n")

    def test_delete_takes_the_comment_above_along(self, api):
        api.change("DELETE", "passages/1", **FE1)
        gone = "  # about the next one\n  pass deny status 403\n"
        assert api.text == TEXT.replace(gone, "")

    def test_what_does_not_belong_to_the_type(self, api, make_api):
        body = {"index": 0, "type": "allow", "status": 403}
        answer = api.change("POST", "passages", body, **FE1)
        assert answer.headers["warning"] == '299 dataplane "ignored properties: status"'
        assert api.get("passages/0", **FE1) == {"index": 0, "type": "allow"}
        strict = make_api(dataplane__unknown_properties="refuse")
        status, code, message = strict.refused("POST", "passages", body, **FE1)
        assert (status, code) == (422, 422)
        assert "status" in message


class TestMadeUpNames:
    def test_they_are_shown_and_addressed(self, api):
        shown = [one["name"] for one in api.get("doors", frontend="fe1")]
        assert shown == ["d1", "10.0.0.2:80"]
        assert api.get("doors/10.0.0.2:80", frontend="fe1")["address"] == "10.0.0.2:80"

    def test_a_put_does_not_write_them(self, api):
        path = "doors/10.0.0.2:80"
        api.change("PUT", path, api.get(path, frontend="fe1"), frontend="fe1")
        assert api.text == TEXT
        api.change("PUT", path, {"address": "10.0.0.3:80", "name": "10.0.0.2:80"}, frontend="fe1")
        assert api.text == TEXT.replace("door 10.0.0.2:80", "door 10.0.0.3:80")

    def test_a_put_can_give_a_name_and_take_it(self, api):
        body = {"address": "10.0.0.2:80", "name": "d2"}
        api.change("PUT", "doors/10.0.0.2:80", body, frontend="fe1")
        assert api.text == TEXT.replace("door 10.0.0.2:80", "door 10.0.0.2:80 name d2")
        api.change("PUT", "doors/d2", {"address": "10.0.0.2:80"}, frontend="fe1")
        assert api.text == TEXT

    def test_they_count_as_taken(self, api):
        for body in ({"address": "10.0.0.2:80"}, {"address": "x", "name": "10.0.0.2:80"}):
            assert api.refused("POST", "doors", body, frontend="fe1")[:2] == (409, 409)

    def test_a_slash_in_a_name(self, api):
        api.change("POST", "doors", {"address": "/run/x.sock"}, frontend="fe1")
        path = "doors/%2Frun%2fx.sock"
        assert api.get(path, frontend="fe1")["name"] == "/run/x.sock"
        api.change("DELETE", path, frontend="fe1")
        assert api.text == TEXT
