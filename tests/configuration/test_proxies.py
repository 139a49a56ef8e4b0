"""Statements of proxies in which lines and properties do not pair one to one."""

import pytest

from dataplane_core.grammar import Model
from dataplane_core.text import Section
from dataplane_plugins.configuration.proxies.backends import BACKEND
from dataplane_plugins.configuration.proxies.defaults import DEFAULTS
from dataplane_plugins.configuration.proxies.frontends import FRONTEND
from dataplane_plugins.configuration.proxies.section_kinds import statements_of
from dataplane_plugins.configuration.proxies.statements import PROXY_STATEMENTS
from tests.configuration.support import section

MODELS = {"defaults": DEFAULTS, "frontend": FRONTEND, "backend": BACKEND}


def put(model: Model, before: Section, **values: object) -> list[str]:
    return [line.raw.strip() for line in model.put(before, values).lines]


@pytest.mark.parametrize(("kind", "model"), MODELS.items())
def test_a_section_has_what_the_tables_give_it(kind, model):
    assert list(model.statements) == list(statements_of(kind, PROXY_STATEMENTS))
    assert len({prop.name for prop in model.props}) == len(model.props)


def test_the_mode_of_a_backend_has_two_spellings():
    assert BACKEND.read(section("option httpclose", "no option http-keep-alive")) == {
        "http_connection_mode": "httpclose",
        "httpclose": "enabled",
        "http-keep-alive": "disabled",
    }
    one = section("option httpclose")
    assert put(BACKEND, one, http_connection_mode="http-server-close", httpclose="enabled") == [
        "option http-server-close"
    ]
    assert put(BACKEND, section(), httpclose="enabled") == ["option httpclose"]
    assert FRONTEND.read(one) == {"http_connection_mode": "httpclose"}


def test_persistence_rules_are_a_list_and_the_first_of_it():
    one = section("force-persist if A", "force-persist unless B")
    shown = BACKEND.read(one)
    assert shown["force_persist_list"] == [
        {"cond": "if", "cond_test": "A"},
        {"cond": "unless", "cond_test": "B"},
    ]
    assert (shown["force_persist.cond"], shown["force_persist.cond_test"]) == ("if", "A")
    only = {"force_persist.cond": "if", "force_persist.cond_test": "C"}
    assert put(BACKEND, section(), **only) == ["force-persist if C"]
    both = {**only, "force_persist_list": [{"cond": "if", "cond_test": "D"}]}
    assert put(BACKEND, one, **both) == ["force-persist if D"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("errorloc 500 /x", {"errorloc302.code": 500, "errorloc302.url": "/x"}),
        ("contimeout 5s", {"connect_timeout": 5000}),
        ("transparent", {"transparent": "enabled"}),
    ],
)
def test_other_words_for_a_keyword_are_read_and_stay(line, shown):
    one = section(line)
    assert BACKEND.read(one) == shown
    assert put(BACKEND, one, **shown) == [line]
    assert put(BACKEND, section(), **shown) != [line]


def test_a_first_step_is_shown_in_the_section_and_steps_survive_without_it():
    one = section("http-check send meth GET", "http-check expect status 200")
    shown = BACKEND.read(one)
    assert (shown["http-check.index"], shown["http-check.type"]) == (0, "send")
    assert put(BACKEND, one) == ["http-check send meth GET", "http-check expect status 200"]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"balance.algorithm": "first", "balance.uri_len": 3}, "balance.uri_len"),
        ({"balance.algorithm": "url_param"}, "balance.url_param"),
        ({"adv_check": "smtpchk", "httpchk_params.uri": "/"}, "httpchk_params.uri"),
        ({"adv_check": "pgsql-check"}, "pgsql_check_params.username"),
        ({"httpchk_params.method": "GET", "adv_check": "httpchk"}, "httpchk_params.uri"),
        ({"stats_options.stats_realm": True}, "stats_options.stats_realm_realm"),
        ({"hash_balance_factor": 100}, "hash_balance_factor"),
        ({"stick_table.type": "ip"}, "stick_table.size"),
        (
            {"stick_table.type": "ip", "stick_table.size": 1, "stick_table.keylen": 3},
            "stick_table.keylen",
        ),
        ({"cookie.name": "S", "cookie.preserve": True}, "cookie.preserve"),
        (
            {"cookie.name": "S", "cookie.type": "rewrite", "cookie.indirect": True},
            "cookie.indirect",
        ),
        ({"source.address": "1.2.3.4", "source.usesrc": "address"}, "source.address_second"),
        (
            {"hash_type.method": "consistent", "hash_type.modifier": "avalanche"},
            "hash_type.function",
        ),
    ],
)
def test_what_does_not_belong_together_or_lacks_a_part_is_named(given, wrong):
    assert wrong in [problem.path for problem in BACKEND.problems(given)]


@pytest.mark.parametrize(
    ("given", "idle", "lines"),
    [
        ({"source.address": "::1", "source.hdr": "x", "source.occ": "1"}, {"source.hdr", "source.occ"}, ["source [::1]"]),
        ({"source.address": "::1", "source.port_second": 99}, {"source.port_second"}, ["source [::1]"]),
        ({"source.address": "1.2.3.4", "source.usesrc": "client", "source.occ": "1"}, {"source.occ"}, ["source 1.2.3.4 usesrc client"]),
        ({"adv_check": "smtpchk", "smtpchk_params.domain": "a.b"}, {"smtpchk_params.domain"}, ["option smtpchk"]),
        ({"stats_options.stats_admin_cond": "if"}, {"stats_options.stats_admin_cond"}, []),
        ({"stats_options.stats_admin_cond_test": "TRUE"}, {"stats_options.stats_admin_cond_test"}, []),
        ({"stats_options.stats_realm_realm": "A"}, {"stats_options.stats_realm_realm"}, []),
        ({"compression.minsize_req": -1}, {"compression.minsize_req"}, []),
    ],
)  # fmt: skip
def test_what_says_nothing_is_named_and_left_out(given, idle, lines):
    assert {problem.path for problem in BACKEND.problems(given) if problem.misplaced} == idle
    kept = {name: value for name, value in given.items() if name not in idle}
    assert list(BACKEND.problems(kept)) == []
    assert put(BACKEND, section(), **kept) == lines


def test_an_address_for_servers_to_see_says_whose_it_is():
    given = {"source.address": "1.2.3.4", "source.address_second": "5.6.7.8"}
    assert list(BACKEND.problems(given)) == []
    assert put(BACKEND, section(), **given) == ["source 1.2.3.4 usesrc 5.6.7.8"]
    assert BACKEND.read(section("source 1.2.3.4 usesrc 5.6.7.8"))["source.usesrc"] == "address"


def test_of_several_forms_the_one_that_lacks_least_says_what_is_missing():
    problems = BACKEND.problems({"adv_check": "httpchk", "httpchk_params.method": "HEAD"})
    assert [problem.path for problem in problems] == ["httpchk_params.uri"]


def test_parameters_of_a_check_that_is_not_chosen_are_named_and_left_out():
    (problem,) = BACKEND.problems({"httpchk_params.uri": "/"})
    assert (problem.path, problem.misplaced) == ("httpchk_params.uri", True)
    assert put(BACKEND, section(), **{"httpchk_params.uri": "/"}) == []
