"""`acme` sections in version 3: variables are an object, and lists have their limits."""

from pathlib import Path
from typing import Any

import pytest

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar import Prop
from tests.laws.support import Everything

TOP = "/v3/services/haproxy/configuration/acme"
FILE = """\
acme a
  directory https://acme.example/dir
  acme-vars  'b=$1,c-d="x"'   # secrets
  challenge-ready cli,dns,none
"""
NEW = {"name": "new", "directory": "https://acme.example/dir"}


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, FILE)


def change(api: Everything, method: str, path: str, body: Any) -> Any:
    answer = api.call(method, path, body, version=api.version)
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json


def test_variables_are_an_object_in_version_3_and_a_word_in_version_2(api: Everything) -> None:
    body = {**NEW, "acme_vars": {"token": 'a,"b" c', "id": "7"}}
    assert change(api, "POST", TOP, body) == body
    line = r'"id=7,token=a\,\"b\" c"'
    assert f"  acme-vars {line}\n" in api.text
    assert api.call("GET", f"{TOP}/new").json == body
    assert api.get("acme/new")["acme_vars"] == line


def test_what_is_put_back_keeps_the_line_and_a_change_keeps_what_it_means(api: Everything) -> None:
    shown = api.call("GET", f"{TOP}/a").json
    assert shown["acme_vars"] == {"b": r"\$1", "c-d": '"x"'}
    change(api, "PUT", f"{TOP}/a", shown)
    assert api.text.endswith(FILE)
    shown["acme_vars"]["z"] = "$HOME"
    change(api, "PUT", f"{TOP}/a", shown)
    assert r'  acme-vars "b=\$1,c-d=\"x\",z=$HOME"   # secrets' in api.text
    assert "challenge-ready cli,dns,none\n" in api.text, "what does not change is not judged"
    change(api, "PUT", f"{TOP}/a", {**shown, "acme_vars": {}})
    assert "acme-vars" not in api.text


def test_no_variables_are_a_line_that_stays(tmp_path: Path) -> None:
    api = Everything(tmp_path, 'acme a\n  directory https://a.example/\n  acme-vars  ""\n')
    shown = api.call("GET", f"{TOP}/a").json
    change(api, "PUT", f"{TOP}/a", {**shown, "contact": "me"})
    assert '  acme-vars  ""\n' in api.text


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"challenge_ready": []}, 422, "challenge_ready in body should have at least 1 items"),
        ({"challenge_ready": ["cli", "dns", "none"]}, 422, "challenge_ready in body should have at most 2 items"),
        ({"challenge_ready": ["cli", "cli"]}, 422, "challenge_ready in body shouldn't contain duplicates"),
        ({"challenge_ready": ["x"]}, 422, "challenge_ready.0 in body should be one of [cli dns none]"),
        ({"acme_vars": {"a": "b\nmap x"}}, 422, "acme_vars.a in body must not hold control characters"),
        ({"acme_vars": {'a"\n map x': "b"}}, 422, "acme_vars.a\"\n map x in body has a name that"),
        ({"acme_vars": "a=b"}, 400, "acme_vars in body must be an object"),
    ],
)
def test_what_no_line_can_say_is_refused(api: Everything, wrong: Any, status: int, said: str) -> None:
    before = api.text
    found, _, message = api.refused("POST", TOP, {**NEW, **wrong}, version=api.version)
    assert (found, message[: len(said)]) == (status, said)
    assert api.text == before


def test_the_limits_of_lists_are_told_and_have_codes() -> None:
    prop = Prop("list", "array", items=Prop(""), min_items=2, max_items=3, unique=True)
    codec = Codec("thing", [prop], "v2", SchemaFactory())
    for items, code in (["a"], Code.TOO_FEW), (["a", "b", "c", "d"], Code.TOO_MANY), (["a", "a"], Code.TOO_MANY):
        with pytest.raises(Invalid) as refusal:
            codec.load({"list": items}).check()
        assert refusal.value.code == code
    assert codec.load({"list": ["a", "b"]}).values == {"list": ["a", "b"]}
    assert codec.load({}).values == {}
