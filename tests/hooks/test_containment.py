"""The failures of plugins: each hook, each way to fail, and what is left standing."""

import logging
from types import SimpleNamespace

import pytest

from dataplane_core import hookspecs, impl
from dataplane_core.auth import Identity
from dataplane_core.commands.overview import overview
from dataplane_core.hooks.containment import Failure, PluginError
from dataplane_core.hooks.specification import declared_hooks
from dataplane_core.settings import SettingsError, SettingsProblem
from dataplane_core.store.journal.plugin_faults import recorded
from dataplane_plugins.discovery import routes as discovery
from tests.api.support import Api

ARGUMENTS = {
    "dataplane_settings": "settings", "dataplane_register": "registry",
    "dataplane_routes": "routes, services", "dataplane_discovery": "", "dataplane_spec": "spec",
    "dataplane_authenticate": "req", "dataplane_authorize": "identity, operation",
    "dataplane_check": "document", "dataplane_committed": "change",
    "dataplane_apply": "change, runtime", "dataplane_foresee": "change", "dataplane_reloaded": "record",
    "dataplane_asked": "asked, services",
    "dataplane_answered": "answered, services", "dataplane_metrics": "services",
    "dataplane_status": "services", "dataplane_start": "services", "dataplane_stop": "",
}  # fmt: skip
FAILURES = {
    "raises": "raise ZeroDivisionError('broken')",
    "ends the process": "raise SystemExit(3)",
    "returns a number": "return 7",
    "returns numbers": "return [7]",
    "yields and raises": "yield from (); raise ZeroDivisionError('broken')",
}
HOOKS = {
    name: terms.failure
    for module in (hookspecs, discovery)
    for name, terms in declared_hooks(module).items()
}


def hook(name: str, body: str, arguments: str | None = None, **marks):
    """A hook of this name, as a plugin's module would have it."""
    made: dict = {}
    listed = ARGUMENTS[name] if arguments is None else arguments
    exec(f"def {name}({listed}):\n    {body}", made)
    return impl(**marks)(made[name])


def plugin(name: str, *hooks):
    return SimpleNamespace(__name__=name, **{one.__name__: one for one in hooks})


def discovering():
    return plugin("discovery", discovery.dataplane_routes, discovery.dataplane_discovery)


def start(tmp_path, *plugins) -> Api:
    return Api(tmp_path, plugins=[*plugins, discovering()])


def fails(name: str, failure: str) -> bool:
    """Whether what the hook does is a failure: some hooks' results are nobody's business."""
    if failure in ("raises", "ends the process"):
        return True
    if name in ("dataplane_check", "dataplane_discovery"):
        return True
    judged = name in ("dataplane_authenticate", "dataplane_authorize", "dataplane_apply", "dataplane_asked")
    return judged and failure in ("returns a number", "returns numbers", "yields and raises")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", [name for name, what in HOOKS.items() if what is Failure.STOPS])
def test_a_failure_before_anything_is_served_stops_the_start_by_name(tmp_path, name, failure):
    bad = plugin("bad", hook(name, FAILURES[failure]))
    if not fails(name, failure):
        assert start(tmp_path, bad).get("backends")
        return
    with pytest.raises(PluginError, match=f"the plugin bad failed in {name}.*block_plugins"):
        start(tmp_path, bad)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", [name for name, what in HOOKS.items() if what is Failure.REFUSES])
def test_a_failure_of_who_judges_refuses(tmp_path, name, failure, caplog):
    api = start(tmp_path, plugin("bad", hook(name, FAILURES[failure])))
    before = api.file.read_bytes()
    answer = api.call("POST", "backends", {"name": "new"}, version=1)
    assert fails(name, failure)
    assert answer.status_code == 500
    assert answer.json == {"code": 500, "message": f"the plugin bad failed in {name}; the log says how"}
    assert f"the plugin bad failed in {name}" in caplog.text
    assert api.file.read_bytes() == before


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", [name for name, what in HOOKS.items() if what is Failure.RELOADS])
def test_a_failure_behind_a_commit_has_haproxy_reloaded(tmp_path, name, failure):
    seen: list = []
    others = plugin("other", impl(noticing(name, seen)))
    api = start(tmp_path, plugin("bad", hook(name, FAILURES[failure])), others)
    answer = api.call("POST", "backends", {"name": "new"}, version=1)
    config = api.app.services.config
    assert answer.status_code == 202
    assert "backend new\n" in api.text
    assert not config.history.unfollowed("api")
    reasons = [one.reason for one in api.app.services.reloads.records()]
    assert len(reasons) == 1
    asked = name == "dataplane_apply"  # behind a commit, the reload is asked for already
    assert (f"the plugin bad failed in {name}" in reasons[0]) == (asked and fails(name, failure))
    assert seen == ["other"]


def noticing(name: str, seen: list):
    made: dict = {"seen": seen}
    exec(f"def {name}():\n    seen.append('other')", made)
    return made[name]


@pytest.mark.parametrize("failure", ["raises", "ends the process"])
@pytest.mark.parametrize("name", ["dataplane_start", "dataplane_stop", "dataplane_reloaded"])
def test_others_are_called_all_the_same(tmp_path, name, failure):
    seen: list = []
    api = start(tmp_path, plugin("bad", hook(name, FAILURES[failure])), plugin("other", impl(noticing(name, seen))))
    services = api.app.services
    services.start()
    api.call("POST", "backends", {"name": "new"}, version=1, force_reload="true")
    services.stop()
    assert seen == ["other"]
    assert [(one.plugin, one.hook) for one in recorded(services.state)] == [("bad", name)]
    told = [one for one in overview(services) if one.topic == "bad"]
    assert [one.bad for one in told] == [name == "dataplane_start"]
    assert f"failed in {name}" in told[0].text


@pytest.mark.parametrize("failure", ["raises", "ends the process", "yields and raises"])
def test_a_status_that_fails_is_a_line_of_its_own(tmp_path, failure):
    seen: list = []
    name = "dataplane_status"
    bad = plugin("bad", hook(name, FAILURES[failure]))
    api = start(tmp_path, bad, plugin("other", impl(noticing(name, seen))))
    told = [one for one in overview(api.app.services) if one.topic == "bad"]
    assert len(told) == 1
    assert told[0].bad
    assert seen == ["other"]


@pytest.mark.parametrize("failure", ["raises", "ends the process"])
def test_a_document_is_served_without_a_plugin_that_fails_on_it(tmp_path, failure):
    wrong = f"spec['info']['title'] = 'half'; {FAILURES[failure]}"
    api = start(tmp_path, plugin("bad", hook("dataplane_spec", wrong)),
                plugin("good", hook("dataplane_spec", "spec['info']['x-good'] = True")))  # fmt: skip
    info = api.call("GET", "/v2/specification").json["info"]
    assert info["x-good"]
    assert info["title"] != "half"


@pytest.mark.parametrize("name", HOOKS)
def test_an_argument_that_the_hook_does_not_have_stops_the_start(tmp_path, name):
    with pytest.raises(PluginError, match="the plugin bad cannot be loaded.*nonsense"):
        start(tmp_path, plugin("bad", hook(name, "pass", "nonsense")))


@pytest.mark.parametrize("body", ["raise ZeroDivisionError\n    yield", "yield\n    raise ZeroDivisionError"])
@pytest.mark.parametrize("name", [name for name in HOOKS if name != "dataplane_status"])
def test_a_wrapper_fails_as_the_hook_does(tmp_path, name, body):
    bad = plugin("bad", hook(name, body, wrapper=True))
    if HOOKS[name] is Failure.STOPS:
        with pytest.raises(PluginError, match=f"the plugin bad failed in {name}"):
            start(tmp_path, bad)
        return
    api = start(tmp_path, bad)
    services = api.app.services
    services.start()
    assert api.call("GET", "/v2/specification").status_code in (200, 500)
    status = api.call("POST", "backends", {"name": "new"}, version=1).status_code
    if name == "dataplane_foresee":
        assert services.config.plan(services.config.snapshot().document).foreseen is not None
    if name == "dataplane_metrics":
        services.hooks.dataplane_metrics(services=services)
    services.stop()
    assert status == (500 if HOOKS[name] is Failure.REFUSES else 202)
    if name != "dataplane_reloaded":
        assert ("bad", name) in [(one.plugin, one.hook) for one in recorded(services.state)]


def test_a_wrapper_runs_around_the_others_and_may_change_their_answers(tmp_path):
    ran = []

    def dataplane_register(registry):
        before = set(registry.collections)
        yield
        ran.append(set(registry.collections) - before)

    def dataplane_check(document):
        answers = yield
        return [[one.upper() for one in answer] for answer in answers]

    wrapper = plugin("outer", impl(wrapper=True)(dataplane_register), impl(wrapper=True)(dataplane_check))
    judge = plugin("judge", hook("dataplane_check", "return ['not so']"))
    api = start(tmp_path, judge, wrapper)
    assert len(ran) == 1 and "backends" in ran[0]
    assert api.refused("POST", "backends", {"name": "new"})[2] == "NOT SO"


def test_errors_that_a_hook_may_raise_pass(tmp_path):
    def dataplane_settings(settings):
        raise SettingsError((SettingsProblem("", "name", "must not be bad"),))

    with pytest.raises(SettingsError, match="must not be bad"):
        start(tmp_path, plugin("bad", impl(dataplane_settings)))


def test_plugins_are_called_in_the_order_in_which_they_are_named(tmp_path):
    order: list = []
    named = {"first": order, "second": order}
    made = []
    for name in named:
        scope: dict = {"order": order, "Identity": Identity}
        exec(
            f"def dataplane_authenticate(req):\n    order.append({name!r})\n    return Identity({name!r})\n"
            f"def dataplane_check(document):\n    order.append({name!r})",
            scope,
        )
        made.append(plugin(name, impl(scope["dataplane_authenticate"]), impl(scope["dataplane_check"])))
    api = start(tmp_path, *made)
    assert api.call("POST", "backends", {"name": "new"}, version=1).status_code == 202
    assert order == ["first", "first", "second"]  # who says who asks ends the question


def test_who_declared_a_path_first_is_named(tmp_path):
    def adding(name):
        body = (
            "from dataplane_core.api.operations import Operation, Response\n"
            "    class Count:\n        def on_get(self, req, resp):\n            pass\n"
            "    routes.add('/count', Count(), {'GET': Operation('getCount', 'Count', responses={'200': Response()})})"
        )
        return plugin(name, hook("dataplane_routes", body))

    with pytest.raises(PluginError, match="the plugin second .*the path /count is declared by first and again by second"):
        start(tmp_path, adding("first"), adding("second"))


@pytest.mark.parametrize("path", ["/services/haproxy/configuration/backends", "/services/haproxy/configuration/backends/{other}"])
def test_the_path_of_a_collection_belongs_to_it(tmp_path, path):
    body = (
        "from dataplane_core.api.operations import Operation\n"
        "    class Own:\n        def on_get(self, req, resp):\n            pass\n"
        f"    routes.add({path!r}, Own(), {{'GET': Operation('getOwn', 'Own', 'Get.')}})"
    )
    with pytest.raises(PluginError, match=r"the path \S+/backends\S* is declared by bad and again by family"):
        start(tmp_path, plugin("bad", hook("dataplane_routes", body)))


def test_faults_are_logged_with_their_traceback(tmp_path, caplog):
    api = start(tmp_path, plugin("bad", hook("dataplane_committed", FAILURES["raises"])))
    with caplog.at_level(logging.ERROR):
        api.call("POST", "backends", {"name": "new"}, version=1)
    assert "ZeroDivisionError: broken" in caplog.text
