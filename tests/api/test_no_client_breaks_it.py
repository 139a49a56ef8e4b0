"""Whatever a client sends to any operation of the configuration, the answer is no 5xx."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataplane_core.api.operations import Operation
from dataplane_core.api.v2 import V2
from dataplane_core.api.v3 import V3
from dataplane_core.app import serve
from dataplane_core.codec.codec import Codec
from dataplane_core.codec.lists import ListCodec
from dataplane_plugins import PLUGINS
from tests.api.another_version import V9
from tests.api.support import TEXT, TRANSACTIONS, Api

TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["be1", "fe1", "backend", "frontend", "listen", "li", "0", "-1", "k1", "a b", "\n", "a#b",
                     "..", "/", "\0", "x" * 300, "a;b", '"', "\\"]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.integers(-3, 70000),
    st.floats(allow_nan=False, allow_infinity=False), TEXTS,
)  # fmt: skip
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Api:
    """All plugins of the configuration, in one open transaction."""
    wanted = [name for name in PLUGINS if name.startswith(("configuration.", "service."))]
    made = Api(tmp_path_factory.mktemp("fuzz"), TEXT, only=wanted)
    made.client.app = serve(made.app.services, (V2(), V3(), V9()))
    made.transaction_id = made.call("POST", TRANSACTIONS, version=1).json["id"]
    return made


@pytest.fixture(scope="module")
def doors(api) -> list[tuple[str, str, Operation]]:
    """Path, method and operation of everything below the configuration, in all versions."""
    return [
        (one.version.prefix + route.template, method, route.complete(operation))
        for one in api.client.app.served
        for route in one.routes
        if "/configuration" in route.template
        for method, operation in route.operations.items()
    ]


def body_of(operation: Operation) -> st.SearchStrategy[Any]:
    """Bodies of which many come through the first checks."""
    codec = operation.body.codec if operation.body else None
    if codec is None:
        return JSON
    if isinstance(codec, ListCodec):
        return st.one_of(JSON, st.lists(objects_of(codec.codec), max_size=3))
    return objects_of(codec)


def objects_of(codec: Codec) -> st.SearchStrategy[Any]:
    props = [prop for prop in codec.props if "." not in prop.name]
    right = {
        prop.name: st.one_of(
            st.sampled_from(prop.enum) if prop.enum else TEXTS,
            SCALARS if prop.json != "integer" else st.integers(0, 3),
            JSON,
        )
        for prop in props
    }
    required = {name: right[name] for name in right if any(p.required for p in props if p.name == name)}
    optional = {name: one for name, one in right.items() if name not in required}
    return st.one_of(JSON, st.fixed_dictionaries(required, optional=optional))


@settings(max_examples=500, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_server_error(api, doors, data):
    path, method, operation = data.draw(st.sampled_from(doors))
    query: dict[str, Any] = {"transaction_id": api.transaction_id}
    for one in operation.parameters:
        if one.where == "path":
            path = path.replace(f"{{{one.name}}}", quote(data.draw(TEXTS), safe=""))
        elif one.name not in ("transaction_id", "version") and data.draw(st.booleans()):
            query[one.name] = data.draw(st.one_of(TEXTS, st.sampled_from(one.enum or ("be1",))))
    body = data.draw(body_of(operation)) if operation.body else None
    raw = None if operation.body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    answer = api.call(method, path, raw=raw, **query)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert set(answer.json) == {"code", "message"}


def test_the_document_is_still_readable(api):
    assert api.call("GET", "raw", transaction_id=api.transaction_id).status_code == 200
