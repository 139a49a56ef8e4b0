"""A change lands where its index says, whatever stands between the rows that are shown."""

import pytest

from tests.laws.support import Everything

TEXT = """\
global
  log 127.0.0.1 local0
  # of the next one
  log 127.0.0.1 local1

backend first
  acl a path /a
  http-request deny if a

global
  log 127.0.0.1 local2
  .if feature(X)
  log 127.0.0.1 local3
  .else
  log 127.0.0.1 local4
  .endif

backend b
  # by hand
  .if feature(X)
  acl x path /x
  http-request future-action 1
  http-request set-header A 1
  #http-request deny
  http-request set-header A 2
  .endif
  acl y path /y
  acl 'open
  http-request set-header A 3
  http-request future-action 2
  # BEGIN other
  http-request set-header A 4
  # END other
  .if !feature(X)
    http-request set-header A 5
    acl z path /z
  .else
    .if feature(Y)
    http-request set-header A 6
    .endif
    http-request future-action 3
  .endif
  http-request future-action 4
"""
RULE = {"type": "set-header", "hdr_name": "A", "hdr_format": "new"}
LOG = {"address": "192.0.2.1", "facility": "user"}
ACL = {"acl_name": "new", "criterion": "path", "value": "/new"}
B = {"parent_type": "backend", "parent_name": "b"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("indexes"), TEXT)


@pytest.mark.parametrize(
    ("family", "query", "new", "count"),
    [
        ("http_request_rules", B, RULE, 6),
        ("acls", B, ACL, 3),
        ("log_targets", {"parent_type": "global"}, LOG, 5),
    ],
)
def test_a_row_lands_at_its_index(
    api: Everything, family: str, query: dict[str, str], new: dict[str, str], count: int
) -> None:
    api.file.write_text(TEXT)
    shown = api.get(family, **query)
    assert len(shown) == count
    for index in range(count + 1):
        api.change("POST", family, {**new, "index": index}, **query)
        rows = api.get(family, **query)
        assert rows[index] == {**new, "index": index}
        rest = [*rows[:index], *rows[index + 1 :]]
        assert [{**row, "index": 0} for row in rest] == [{**row, "index": 0} for row in shown]
        api.change("DELETE", f"{family}/{index}", **query)
        assert api.text == TEXT, index
    for index, row in enumerate(shown):
        api.change("PUT", f"{family}/{index}", {**new, "index": index}, **query)
        rows = api.get(family, **query)
        assert rows == [*shown[:index], {**new, "index": index}, *shown[index + 1 :]]
        api.change("PUT", f"{family}/{index}", row, **query)
    assert api.text == TEXT


def test_a_new_row_counts_always_where_its_index_lets_it(api: Everything) -> None:
    for index, above in ((0, "backend b\n"), (2, "acl 'open\n"), (4, "  # END other\n"), (6, "action 4\n")):
        api.file.write_text(TEXT)
        api.change("POST", "http_request_rules", {**RULE, "index": index}, **B)
        start = api.text.index("  http-request set-header A new\n")
        assert api.text[:start].endswith(above)
