"""Every hook: called when it should be, with what it should get, and explained to writers."""

import inspect
import sys
from types import SimpleNamespace

import pytest

from dataplane_core import hookspecs, impl
from dataplane_core.api.operations import Operation, Response
from dataplane_core.auth import Identity
from dataplane_core.commands.overview import overview
from dataplane_core.errors import NotFound, StorageFull
from dataplane_core.grammar import Model, statement, word
from dataplane_core.hooks.containment import PluginError
from dataplane_core.hooks.specification import declared_hooks
from dataplane_core.hookspecs import Fact, Gauge
from dataplane_core.settings import SettingsError, SettingsProblem
from dataplane_plugins.discovery import routes as discovery
from dataplane_plugins.discovery.sources import Source
from tests.api.support import Api
from tests.harness.recorded import TOP

HOOKS = [
    (name, function)
    for module in (hookspecs, discovery)
    for name, function in vars(module).items()
    if name in declared_hooks(module)
]


@pytest.fixture
def make(tmp_path):
    """An application with one plugin that has the given hooks."""

    def made(*hooks, **settings) -> Api:
        plugin = SimpleNamespace(__name__="plugin", **{one.__name__: impl(one) for one in hooks})
        return Api(tmp_path, plugins=[plugin], **settings)

    return made


@pytest.mark.parametrize(("name", "function"), HOOKS)
def test_every_hook_has_a_test_and_a_heading(name, function):
    assert hasattr(sys.modules[__name__], f"test_{name}")
    arguments = ", ".join(inspect.signature(function).parameters)
    reference = TOP / "docs" / "reference" / "hooks.md"
    assert f"### `{name}({arguments})`" in reference.read_text("utf-8")


def test_dataplane_settings(make):
    def dataplane_settings(settings):
        if settings.name == "bad":
            raise SettingsError((SettingsProblem("", "name", "must not be bad"),))

    make(dataplane_settings, name="good")
    with pytest.raises(SettingsError, match="must not be bad"):
        make(dataplane_settings, name="bad")


def test_dataplane_register(make):
    def dataplane_register(registry):
        model = Model("shed", statement("colour", word("colour")))
        registry.sections("sheds", kind="shed", model=model)

    api = make(dataplane_register)
    api.change("POST", "sheds", {"name": "s", "colour": "red"})
    assert "shed s\n  colour red\n" in api.text
    assert api.get("sheds") == [{"name": "s", "colour": "red"}]


def test_dataplane_routes(make):
    class Count:
        def on_get(self, req, resp, kind):
            resp.media = {"who": req.who, "kind": kind}

    def dataplane_routes(routes, services):
        assert services.config.version() == 1
        answers = {"200": Response({"type": "object"})}
        routes.add("/count/{kind}", Count(), {"GET": Operation("getCount", "Count", responses=answers)})

    api = make(dataplane_routes)
    assert api.call("GET", "/v2/count/a%2Fb").json == {"who": "admin", "kind": "a/b"}
    assert "/count/{kind}" in api.call("GET", "/v2/specification").json["paths"]


def test_a_path_that_raises_is_logged_with_its_plugin(make, caplog):
    class Broken:
        def on_get(self, req, resp):
            raise RuntimeError("secret detail")

    def dataplane_routes(routes):
        routes.add("/broken", Broken(), {"GET": Operation("getBroken", "Break")})

    answer = make(dataplane_routes).call("GET", "/v2/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "GET /v2/broken failed in the plugin plugin" in caplog.text


def test_dataplane_spec(make):
    def dataplane_spec(spec, version):
        spec["info"]["x-of"] = version

    assert make(dataplane_spec).call("GET", "/v2/specification").json["info"]["x-of"] == "v2"


def test_dataplane_authenticate(make):
    def dataplane_authenticate(req):
        return Identity("robot") if req.get_header("X-Token") == "1" else None

    api = make(dataplane_authenticate)
    assert api.call("GET", "/v2/info", user=None, headers={"X-Token": "1"}).status_code == 200
    assert api.call("GET", "/v2/info", user=None).status_code == 401


def test_dataplane_authorize(make):
    asked = []

    def dataplane_authorize(identity, operation):
        asked.append(operation)
        return "no" if operation.query.get("backend") == "be1" else None

    api = make(dataplane_authorize)
    assert api.call("GET", "keepers//k1/", backend="be1").status_code == 403
    assert api.call("GET", "keepers/k1", backend="be2").status_code == 404
    assert (asked[0].method, asked[0].operation, asked[0].version) == ("GET", "getKeeper", "v2")
    assert asked[0].path == "/v2/services/haproxy/configuration/keepers/k1"


def test_dataplane_discovery(tmp_path):
    def dataplane_discovery():
        return [Source("fixed", lambda entry, stop: iter(()), lambda entry: "fixed-")]

    source = SimpleNamespace(__name__="source", dataplane_discovery=impl(dataplane_discovery))
    api = Api(tmp_path, plugins=[source, discovery])
    sent = {"enabled": True, "retry_timeout": 1}
    made = api.call("POST", "/v2/service_discovery/fixed", sent)
    assert made.status_code == 201
    assert api.get("/v2/service_discovery/fixed") == [made.json]


def test_dataplane_check(make):
    def dataplane_check(document):
        return [f"{one.name} is no name" for one in document.of_kind("backend") if one.name == "bad"]

    api = make(dataplane_check)
    status, code, message = api.refused("POST", "backends", {"name": "bad"})
    assert (status, code, message) == (422, 422, "bad is no name")
    api.change("POST", "backends", {"name": "good"})


def test_dataplane_committed(make):
    seen = []

    def dataplane_committed(change):
        seen.append(change)

    api = make(dataplane_committed)
    headers = {"X-Request-ID": "r-1"}
    api.call("POST", "gates", {"name": "g2"}, version=1, headers=headers)
    api.call("POST", "gates", {"name": "g2"}, version=2)  # refused: nothing is committed
    (change,) = seen
    assert (change.version, change.who, change.request_id) == (2, "admin", "r-1")
    assert [(one.key.kind, one.key.name, one.old) for one in change.changes] == [("my-gate", "g2", None)]


def test_dataplane_apply(make):
    def dataplane_apply(change, runtime):
        return True

    assert make(dataplane_apply).change("PUT", "gates/g1", {"name": "g1"}).status_code == 200


def test_dataplane_foresee(make):
    seen = []

    def dataplane_foresee(change):
        seen.append(change.version)
        return ["set gate g1 open"]

    config = make(dataplane_foresee).app.services.config
    foreseen = config.plan(config.snapshot().document).foreseen
    assert (foreseen.by, foreseen.commands, seen) == ("commands", ("set gate g1 open",), [2])


def test_dataplane_reloaded(make):
    records = []

    def dataplane_reloaded(record):
        records.append(record)

    make(dataplane_reloaded).change("PUT", "gates/g1", {"name": "g1"}, force_reload="true")
    assert [(one.status, one.version) for one in records] == [("succeeded", 2)]


def test_dataplane_asked(make):
    asked_for = []

    def dataplane_asked(asked, services):
        asked_for.append((asked.method, asked.path, asked.author.name))
        if asked.path.endswith("g1"):
            raise StorageFull("there is no room to note it")

    api = make(dataplane_asked)
    path = "/v2/services/haproxy/configuration/gates"
    assert api.refused("PUT", "gates/g1", {"name": "g1"})[0] == 507
    assert api.call("DELETE", f"{path}/g1", version=api.version, dry_run="true").status_code != 507
    with api.transaction() as transaction:
        assert api.call("PUT", f"{path}/g1", {"name": "g1"}, transaction_id=transaction).status_code == 202
    api.call("GET", path)
    commit = f"/v2/services/haproxy/transactions/{transaction}"
    assert asked_for == [("PUT", f"{path}/g1", "admin"), ("POST", commit.rpartition("/")[0], "admin"), ("PUT", commit, "admin")]


def test_dataplane_answered(make):
    told = []

    def dataplane_answered(answered, services):
        told.append((answered.method, answered.path, answered.status, answered.author.name, answered.message))

    api = make(dataplane_answered)
    path = "/v2/services/haproxy/configuration/gates"
    api.change("PUT", "gates/g1", {"name": "g1"})
    api.call("PUT", f"{path}/none", {"name": "none"}, version=api.version)
    api.call("GET", path)
    api.call("GET", path, user=None)
    assert [one[:3] for one in told] == [
        ("PUT", f"{path}/g1", 202), ("PUT", f"{path}/none", 404), ("GET", path, 401),
    ]  # fmt: skip
    assert (bool(told[0][3]), told[0][4], told[2][3]) == (True, "", "")
    assert "none" in told[1][4]


def test_dataplane_metrics(make):
    def dataplane_metrics(services):
        yield Gauge("gates", "Gates that there are.", 2, (("kind", "iron"),))

    app = make(dataplane_metrics).app
    found = app.services.hooks.dataplane_metrics(services=app.services)
    assert found == [[Gauge("gates", "Gates that there are.", 2, (("kind", "iron"),))]]


def test_dataplane_status(make):
    def dataplane_status(services):
        yield Fact("version", str(services.config.version()))
        raise NotFound("no more")

    found = list(overview(make(dataplane_status).app.services))
    assert found[-2:] == [Fact("version", "1"), Fact("plugin", "no more", True)]


def test_dataplane_start(make):
    started = []

    def dataplane_start(services):
        started.append(services.config)

    api = make(dataplane_start)
    assert started == []
    api.app.services.start()
    api.app.services.stop()
    assert started == [api.app.services.config]


def test_dataplane_stop(make):
    stopped = []

    def dataplane_stop():
        stopped.append(True)

    api = make(dataplane_stop)
    api.app.services.start()
    assert stopped == []
    api.app.services.stop()
    assert stopped == [True]


def test_a_misspelt_hook_stops_the_start(make):
    def dataplane_comitted(change):
        pass

    with pytest.raises(PluginError, match="unknown hook 'dataplane_comitted' in plugin plugin"):
        make(dataplane_comitted)
