"""What the specification calls things, made from declared names."""

import re

import pytest

from dataplane_core.api.wording import either, thing, things, with_article
from dataplane_core.resources.collections import Naming, RowCollection
from tests.laws.support import Everything, is_in_v2


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("wording"))


@pytest.fixture(scope="module")
def summaries(api):
    document = api.call("GET", "/v2/specification").json
    return {
        operation["operationId"]: operation["summary"]
        for item in document["paths"].values()
        for operation in item.values()
    }


@pytest.mark.parametrize(
    ("schema", "schemas", "title", "tag", "one", "several"),
    [
        ("backend", "backends", "Backend", "Backend", "a backend", "backends"),
        ("acl", "acls", "Acl", "ACL", "an ACL", "ACLs"),
        ("http_request_rule", "http_request_rules", "HTTPRequestRule", "HTTPRequestRule",
         "an HTTP request rule", "HTTP request rules"),
        ("tcp_check", "tcp_checks", "TCPCheck", "TCPCheck", "a TCP check", "TCP checks"),
        ("fcgiApp", "fcgiApps", "FCGIApp", "FCGIApp", "an FCGI app", "FCGI apps"),
        ("mailer_entry", "mailer_entries", "MailerEntry", "MailerEntry", "a mailer entry", "mailer entries"),
        ("defaults", "defaults_sections", "DefaultsSection", "Defaults", "a defaults section", "defaults sections"),
        ("user", "users", "User", "User", "a user", "users"),
        ("udp-lb", "udp-lbs", "UdpLb", "UdpLb", "a udp lb", "udp lbs"),
    ],
)  # fmt: skip
def test_names(schema, schemas, title, tag, one, several):
    naming = Naming(schema, schemas, title, f"{title}s", tag)
    assert (with_article(thing(naming)), things(naming)) == (one, several)


def test_alternatives():
    assert either(["a"]) == "`a`"
    assert either(["a", "b", "c"]) == "`a`, `b` or `c`"


@pytest.mark.parametrize(
    ("operation", "summary"),
    [
        ("getBackends", "List backends"),
        ("createBackend", "Create a backend"),
        ("getServers", "List the servers of a backend"),
        ("createServer", "Create a server in a backend"),
        ("replaceServer", "Replace a server of a backend"),
        ("deleteHTTPRequestRule", "Delete an HTTP request rule of a section"),
        ("getFilters", "List the filters of a frontend or backend"),
        ("replaceGlobal", "Replace the global section"),
        ("getUsers", "List the users of a userlist"),
    ],
)
def test_summaries_in_plain_words(summaries, operation, summary):
    assert summaries[operation] == summary


def test_all_collections_are_told_of_in_the_same_way(api, summaries):
    verbs = {"list": "List", "create": "Create", "read": "Read", "replace": "Replace", "delete": "Delete"}
    for one in api.registry.collections.values():
        for operation in one.operations if is_in_v2(api.registry, one) else ():
            summary = summaries[one.naming.operation_id(operation)]
            assert summary.startswith(verbs[operation] + " ")
            assert isinstance(one, RowCollection) == bool(re.search(" (of|in) an? ", summary)), summary


def test_two_operations_of_a_tag_have_different_summaries(api):
    document = api.call("GET", "/v2/specification").json
    seen = set()
    for item in document["paths"].values():
        for operation in item.values():
            key = (operation["tags"][0], operation["summary"])
            assert key not in seen, key
            seen.add(key)
