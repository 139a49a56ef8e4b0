"""A PUT in version 3 of what it shows changes no byte: `global`, sections beside proxies, their rows."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.laws.support import SPELLINGS, Everything, odd

TOP = "/v3/services/haproxy/configuration"
SECTIONS = ("fcgi_apps", "http_errors_sections", "caches", "rings", "mailers_section", "resolvers", "log_forwards")
BELOW = (("log_forwards", "log_forwards", "dgram_binds"), ("peer_section", "peers", "tables"))
BY_QUERY = {
    "userlist": ("userlists", "users", "groups"),
    "resolver": ("resolvers", "nameservers"),
    "peer_section": ("peer_section", "peer_entries"),
    "mailers_section": ("mailers_section", "mailer_entries"),
}


def named(api: Everything, path: str, query: str = "") -> Iterator[str]:
    """The paths of the objects of a list."""
    for one in api.call("GET", f"{TOP}/{path}{query}").json:
        name = quote(one.get("name") or one["username"], safe="")
        yield f"{TOP}/{path}/{name}{query}"


def objects(api: Everything) -> Iterator[str]:
    """The paths of the objects, and of the lists of log targets."""
    yield f"{TOP}/global"
    for path in SECTIONS:
        yield from named(api, path)
    for sections, parents, rows in BELOW:
        for one in api.call("GET", f"{TOP}/{sections}").json:
            yield from named(api, f"{parents}/{quote(one['name'], safe='')}/{rows}")
    for parameter, (sections, *families) in BY_QUERY.items():
        for one in api.call("GET", f"{TOP}/{sections}").json:
            for rows in families:
                yield from named(api, rows, "?" + urlencode({parameter: one["name"]}))
    for parent in ("global", *(path.removeprefix(f"{TOP}/") for path in named(api, "log_forwards"))):
        yield f"{TOP}/{parent}/log_targets"


@pytest.mark.parametrize("spelling", ["as it is", "all but two quoted", "zeros"])
def test_putting_back_what_is_shown_changes_nothing(tmp_path: Path, spelling: str) -> None:
    registry = Everything(tmp_path, "global\n").registry
    api = Everything(tmp_path, odd(registry, SPELLINGS[spelling]))
    before, paths = api.text, list(objects(api))
    for path in paths:
        where, _, query = path.partition("?")
        shown = api.call("GET", path).json
        answer = api.call("PUT", f"{where}?{query}&version={api.version}", shown)
        assert answer.status_code in (200, 202), (path, answer.text)
        assert api.text == before, path
    assert len(paths) > 20
