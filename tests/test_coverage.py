"""What each HAProxy build registers, and whether the API has it."""

import pytest

from dataplane_core.coverage import Coverage
from dataplane_core.haproxy.keywords import Keyword
from tests.golden.offline import registry

KNOWN = Coverage(registry())


@pytest.mark.parametrize(
    ("section", "words", "name", "where"),
    [
        ("listen", ("server",), "weight", "servers"),
        ("listen", ("bind", "ssl"), "alpn", "binds"),
        ("listen", ("http-request",), "set-var(", "http_request_rules"),
        ("listen", ("option",), "httplog", "frontends"),
        ("listen", (), "timeout", "defaults"),
        ("crt-list", (), "alpn", "binds"),
        ("global", (), "maxsslconn", "global"),
        ("listen", ("bind",), "no-such-option", None),
        ("peers", (), "weight", None),
    ],
)
def test_a_keyword_is_found_where_it_is_declared(section, words, name, where):
    (covered,) = KNOWN.of([Keyword("cfg", name, section, words)])
    assert (where in covered.collections) if where else covered.collections == ()
