"""Rules: what is taken under two names is shown under one, and nothing is dropped in silence."""

import pytest

from dataplane_core.grammar import RowTable
from dataplane_core.text import Document
from dataplane_core.text.language import Language
from dataplane_plugins.configuration.checks import tcp_checks
from dataplane_plugins.configuration.checks.http_checks import CHECK
from dataplane_plugins.configuration.rules import tcp_request_rules, tcp_response_rules
from dataplane_plugins.configuration.rules.http_request_rules import RULE

TABLE = RowTable(RULE, rank=40)


def section(*lines):
    text = "frontend f\n" + "".join(f"  {line}\n" for line in lines)
    return Document.parse(text, Language({"frontend"})).sections[0]


def written(**values):
    assert not list(TABLE.problems(values))
    (row,) = TABLE.rows(TABLE.insert(section(), values))
    return row.line.raw.strip(), row.values


@pytest.mark.parametrize(
    ("given", "line", "shown"),
    [
        (
            {"type": "track-sc1", "track-sc1-key": "src", "track-sc1-table": "t"},
            "http-request track-sc1 src table t",
            {
                "type": "track-sc",
                "track_sc_stick_counter": 1,
                "track_sc_key": "src",
                "track_sc_table": "t",
            },
        ),
        (
            {"type": "set-query", "query-fmt": "a=b"},
            "http-request set-query a=b",
            {"type": "set-query", "new_query": "a=b"},
        ),
        (
            {"type": "set-uri", "uri-fmt": "/x"},
            "http-request set-uri /x",
            {"type": "set-uri", "new_uri": "/x"},
        ),
        (
            {"type": "replace-uri", "hdr_match": "^/a", "hdr_format": "/b"},
            "http-request replace-uri ^/a /b",
            {"type": "replace-uri", "uri-match": "^/a", "uri-fmt": "/b"},
        ),
        (
            {"type": "sc-set-gpt0", "sc_id": 1, "sc_expr": "05"},
            "http-request sc-set-gpt0(1) 5",
            {"type": "sc-set-gpt0", "sc_id": 1, "sc_int": 5},
        ),
    ],
)
def test_both_names_are_taken_and_one_is_shown(given, line, shown):
    assert written(**given) == (line, shown)


def test_a_rule_given_under_its_other_name_is_no_change():
    start = section("http-request   track-sc0  src # why")
    (row,) = TABLE.rows(start)
    same = {"type": "track-sc0", "track-sc0-key": "src"}
    assert TABLE.replace(start, row, same) is start


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"type": "set-query", "query-fmt": "a", "hdr_format": "b"}, 422, "query-fmt"),
        ({"type": "deny", "track-sc0-key": "src"}, 422, "track-sc0-key"),
        ({"type": "deny", "hdr_name": "x"}, 422, "hdr_name"),
        ({"type": "set-header", "hdr_name": "x"}, 602, "hdr_format"),
        (
            {"type": "deny", "return_content_format": "string", "return_content_type": "text/plain"},
            602,
            "return_content",
        ),
        ({"type": "deny", "return_content": "no"}, 602, "return_content"),
        ({"type": "sc-set-gpt0", "sc_int": 1, "sc_expr": "src"}, 422, "sc_expr"),
        ({"type": "track-sc", "track_sc_key": "src"}, 602, "track_sc_stick_counter"),
    ],
)
def test_what_is_lacking_or_does_not_belong_is_named(values, code, path):
    assert [(problem.code, problem.path) for problem in TABLE.problems(values)] == [(code, path)]


def test_every_documented_action_is_in_the_enum():
    actions = next(prop.enum for prop in RULE.props if prop.name == "type")
    assert {"track-sc0", "track-sc", "lua", "wait-for-handshake"} <= set(actions)


@pytest.mark.parametrize(
    ("rule", "given", "line", "shown"),
    [
        (
            tcp_request_rules.RULE,
            {"type": "content", "action": "capture", "capture_sample": "src", "capture_len": 9},
            "tcp-request content capture src len 9",
            {"type": "content", "action": "capture", "expr": "src", "capture_len": 9},
        ),
        (
            tcp_request_rules.RULE,
            {
                "type": "content",
                "action": "do-resolve",
                "resolve_var": "txn.ip",
                "resolve_resolvers": "dns",
                "expr": "src",
            },
            "tcp-request content do-resolve(txn.ip,dns) src",
            {
                "type": "content",
                "action": "do-resolve",
                "var_name": "txn.ip",
                "resolve_resolvers": "dns",
                "expr": "src",
            },
        ),
        (
            tcp_request_rules.RULE,
            {"type": "session", "action": "sc-set-gpt0", "sc_inc_id": "1", "gpt_value": "src_port"},
            "tcp-request session sc-set-gpt0(1) src_port",
            {"type": "session", "action": "sc-set-gpt0", "sc_inc_id": "1", "expr": "src_port"},
        ),
        (
            tcp_request_rules.RULE,
            {"type": "connection", "action": "track-sc2", "track_key": "src"},
            "tcp-request connection track-sc2 src",
            {
                "type": "connection",
                "action": "track-sc",
                "track_stick_counter": 2,
                "track_key": "src",
            },
        ),
        (
            tcp_checks.CHECK,
            {"action": "connect", "port": 80},
            "tcp-check connect port 80",
            {"action": "connect", "port_string": "80"},
        ),
        (
            CHECK,
            {"type": "set-var-fmt", "var_scope": "check", "var_name": "a", "var_expr": "%H"},
            "http-check set-var-fmt(check.a) %H",
            {"type": "set-var-fmt", "var_scope": "check", "var_name": "a", "var_format": "%H"},
        ),
        (
            tcp_response_rules.RULE,
            {"type": "content", "action": "sc-set-gpt", "sc_idx": 1, "sc_expr": "src_port"},
            "tcp-response content sc-set-gpt(0,1) src_port",
            {"type": "content", "action": "sc-set-gpt", "sc_idx": 1, "expr": "src_port"},
        ),
    ],
)
def test_other_rule_sets_take_both_names_too(rule, given, line, shown):
    table = RowTable(rule)
    assert not list(table.problems(given))
    (row,) = table.rows(table.insert(section(), given))
    assert (row.line.raw.strip(), row.values) == (line, shown)
