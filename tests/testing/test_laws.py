"""The laws of declarations: they hold for what the server declares, and say what breaks them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.plugin import (
    Model,
    Prop,
    Registry,
    arg,
    case,
    impl,
    integer,
    params,
    seq,
    statement,
    word,
)
from dataplane_core.testing import Bench, Law, NotJudged, declared_laws


def plugin(declare: Callable[[Registry], Any]) -> SimpleNamespace:
    def dataplane_register(registry: Registry) -> None:
        declare(registry)

    return SimpleNamespace(__name__="author", dataplane_register=impl(dataplane_register))


@contextmanager
def bench_of(folder: Path, declare: Callable[[Registry], Any], **more: Any) -> Iterator[tuple[dict[str, Law], Bench]]:
    one = plugin(declare)
    with Bench(folder, [one], **more) as bench:
        yield {law.name: law for law in declared_laws([one])}, bench


NAME = word("name", required=True, help="What it is called.")
GOOD = statement("guest", seq(NAME, params(arg("age", integer("age", 0, 99, help="In years.", default=18)))),
                 examples=["guest ann age 5"], rejects=["guest"])  # fmt: skip


def good(registry: Registry) -> None:
    registry.sections("houses", kind="house", model=Model("house", statement("street", word("street", help="Where."), examples=["street x"])))
    registry.rows("guests", GOOD, parents=("house",), parameter="house")
    registry.extend("backends", statement("motto", word("motto", help="A word."), examples=["motto onward"]))
    registry.extend("servers", arg("colour", word("colour", help="Of its cable.")))
    registry.extend("http_request_rules", case("greet", word("greeted", help="Who is greeted.")))


def test_laws_that_hold(tmp_path: Path) -> None:
    with bench_of(tmp_path, good) as (laws, bench):
        found = {name: law.breaches(bench) for name, law in laws.items() if not law.needs_haproxy}
        assert {name: said for name, said in found.items() if said} == {}
        kinds = {name.split(":")[0] for name in found}
        assert kinds == {"examples", "properties", "documents", "put back"}
        assert {"examples: guests guest", "examples: backends + 0 motto", "documents: servers + 1 in v3",
                "put back: houses in v1", "properties: http_request_rules + 2"} <= found.keys()  # fmt: skip
        assert "motto onward" in bench.server.text and "guest ann age 5" in bench.server.text


def lying(name: str, prop: str = "age", **facts: Any) -> Callable[[Registry], Any]:
    """A declaration whose property has facts that are not so."""
    term = seq(NAME, params(arg("age", integer(prop, 0, 99, **{"help": "In years.", **facts}))))
    return lambda registry: registry.rows(name, statement("guest", term, examples=["guest ann age 5"]), parents=("house",), parameter="house")


def test_what_breaks_the_laws_of_properties(tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        "guests.age has no help": {"help": ""},
        "the default 100 of age is none of its values": {"default": 100},
        "the default '5' of age is none of its values": {"default": "5"},
        "the default True of age is none of its values": {"default": True},
        "age is called 'years of age' in v3, which is no name": {"names": {"v3": "years of age"}},
        "age and name are both called name in v1": {"names": {"v1": "name"}},
    }
    for said, facts in cases.items():
        with bench_of(tmp_path, lying("guests", **facts)) as (laws, bench):
            assert laws["properties: guests"].breaches(bench) == [said]
            with pytest.raises(AssertionError, match=f"properties: guests: {said}"):
                laws["properties: guests"].check(bench)


class Forgetful(type(word("x"))):  # type: ignore[misc]
    """A word that is written otherwise than it is read."""

    def write(self, values: Any, layout: Any) -> list[str]:
        return ["other"]


def test_what_breaks_the_laws_of_lines(tmp_path: Path) -> None:
    def declare(registry: Registry) -> None:
        line = statement("guest", seq(NAME, Forgetful(Prop("house", help="Of the guest."))), examples=["guest ann green", "guest"], rejects=["guest ann blue"])
        registry.sections("houses", kind="house", model=Model("house"))
        registry.rows("guests", line, parents=("house",), parameter="house")
        registry.rows("hosts", statement("host", NAME), parents=("house",), parameter="house")

    with bench_of(tmp_path, declare) as (laws, bench):
        found = laws["examples: guests guest"].breaches(bench)
        assert "'guest' is not read" in found
        assert "'guest ann blue' should not be read" in found
        assert any("is written as 'guest ann other', which reads otherwise" in one for one in found)
        assert laws["examples: hosts host"].breaches(bench) == ["host has no examples"]


def test_rows_that_a_version_has_no_path_for(tmp_path: Path) -> None:
    with bench_of(tmp_path, lying("guests")) as (laws, bench):
        assert laws["put back: guests in v2"].breaches(bench) == []
        (said,) = laws["put back: guests in v3"].breaches(bench)
        assert said.startswith("GET /v3/services/haproxy/configuration//guests/ann is answered with 404")


def test_documents_lack_what_a_version_hides_from_nobody(tmp_path: Path) -> None:
    def declare(registry: Registry) -> None:
        good(registry)
        registry.extend("servers", arg("secret-colour", word("secret_colour", help="Of its cable.")))

    with bench_of(tmp_path, declare) as (laws, bench):
        del bench.document("/v2/specification")["definitions"]["server"]["properties"]["secret_colour"]
        said = laws["documents: servers + 3 in v2"].breaches(bench)
        assert said == ["/v2/specification has no secret_colour"]
        assert laws["documents: servers + 3 in v3"].breaches(bench) == []


def test_haproxy_judges_lines(tmp_path: Path, real_haproxy: Path) -> None:
    def declare(registry: Registry) -> None:
        good(registry)
        registry.extend("backends", statement("fullconn", word("most", help="How many."), examples=["fullconn 5", "fullconn x"]))

    one = plugin(declare)
    # the server has fullconn already: laws are of the declaration alone
    with pytest.raises(Exception, match="fullconn"):
        [*declared_laws([one])]
    with bench_of(tmp_path, good, haproxy=real_haproxy) as (laws, bench):
        (said,) = laws["haproxy: backends + 0 motto"].breaches(bench)
        assert said.startswith("HAProxy refuses 'backend gen-1 from base\\n  motto onward\\n'") and "motto" in said
        for name in ("haproxy: guests guest", "haproxy: houses street"):
            with pytest.raises(NotJudged, match="this HAProxy has no sections house"):
                laws[name].breaches(bench)
        assert [*bench.refusals("backend", ["fullconn 5", "balance source"])] == []
        bench.haproxy = None
        with pytest.raises(NotJudged, match="no HAProxy is installed"):
            laws["haproxy: backends + 0 motto"].check(bench)
    reasons = {law.name: law for law in declared_laws([plugin(good)], {"guests": "of another edition"})}
    with Bench(tmp_path, [plugin(good)], haproxy=real_haproxy) as bench, pytest.raises(NotJudged, match="of another edition"):
        reasons["haproxy: guests guest"].breaches(bench)


def test_lines_are_judged_below_a_configuration_of_ones_own(tmp_path: Path, real_haproxy: Path) -> None:
    with bench_of(tmp_path, good, haproxy=real_haproxy, base="backend mine\n") as (_, bench):
        assert [*bench.refusals("frontend", ["default_backend mine"])] == []
        assert len([*bench.refusals("backend", ["server s 127.0.0.1:1 track nobody/x"])]) == 1
