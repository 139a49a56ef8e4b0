"""A rule is never made for everybody because half of its condition is missing."""

from dataplane_core.resources.collections import RowCollection
from tests.golden.offline import registry
from tests.laws.support import Everything, odd, places


def test_no_rule_loses_its_condition_by_a_missing_word(tmp_path):
    api = Everything(tmp_path, odd(registry()))
    before, tried = api.text, set()
    for one in api.registry.collections.values():
        if not isinstance(one, RowCollection) or "cond_test" not in {prop.name for prop in one.props}:
            continue
        for path, query in places(api, one):
            rule = api.get(path, **query)
            if "cond" not in rule:
                continue
            del rule["cond"]
            answers = [api.refused("PUT", path, rule, **query), api.refused("POST", one.name, rule, **query)]
            sentence = "cond in body is required with cond_test"
            assert [(status, code) for status, code, _ in answers] == [(422, 602)] * 2
            assert all(sentence in message for _, _, message in answers)
            tried.add(one.name)
            break
    assert api.text == before
    assert tried >= {
        *("http_request_rules", "http_response_rules", "http_after_response_rules", "stick_rules"),
        *("tcp_request_rules", "tcp_response_rules", "backend_switching_rules", "server_switching_rules"),
    }
