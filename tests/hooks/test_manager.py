"""Loading: which plugins, in which order, and what stops the start."""

import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from dataplane_core import PLUGIN_API, impl
from dataplane_core import plugin as surface
from dataplane_core.api.operations import Operation
from dataplane_core.api.routes import Routes
from dataplane_core.grammar import Model, statement, word
from dataplane_core.hooks.manager import GROUP, PluginError
from dataplane_core.hooks.surface import stated_in
from dataplane_core.resources.origins import RegistryError
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import SettingsError, load
from dataplane_core.wiring import make_manager, manager_of, register_collections
from dataplane_plugins import PLUGINS

MODEL = Model("shed", statement("colour", word("colour")))
LINE = statement("tool", word("name"))


def plugin(name, declare):
    def dataplane_register(registry):
        declare(registry)

    return SimpleNamespace(__name__=name, dataplane_register=impl(dataplane_register))


def test_the_default_ones_load_in_their_order():
    manager = make_manager()
    found = manager.names
    assert [name for name in found if name in PLUGINS] == list(PLUGINS)
    register_collections(manager)


def test_a_blocked_one_is_left_out():
    found = make_manager(None, ["service.docs"]).names
    assert "service.docs" not in found
    assert "service.info" in found


def test_a_blocked_one_that_does_not_exist_stops_the_start(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("dataplane:\n  block_plugins: [service.docs, nosuch, runtime.mops]\n")
    with pytest.raises(SettingsError) as caught:
        manager_of(load(["-f", str(path)], {}))
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{path}:2: dataplane.block_plugins: there is no plugin nosuch; names")
    assert second.endswith("there is no plugin runtime.mops; did you mean runtime.maps?")
    assert "service.docs" not in manager_of(load(["--block-plugin=service.docs"], {})).names


class Point:
    """An entry point of another distribution."""

    group = GROUP

    def __init__(self, name, plugin):
        self.name = name
        self._plugin = plugin

    def load(self):
        if isinstance(self._plugin, Exception):
            raise self._plugin
        return self._plugin


@pytest.fixture
def installed(monkeypatch):
    points = []

    def found(group):
        return metadata.EntryPoints(points) if group == GROUP else metadata.EntryPoints()

    monkeypatch.setattr("dataplane_core.hooks.manager.entry_points", found)
    monkeypatch.setattr("dataplane_core.hooks.manager.metadata", SimpleNamespace(EntryPoint=Point))
    monkeypatch.setattr("dataplane_plugins.PLUGINS", {})
    return points


def test_installed_ones_are_found(installed):
    one = plugin("sheds", lambda registry: registry.sections("sheds", kind="shed", model=MODEL))
    installed.append(Point("third", one))
    manager = make_manager()
    assert manager.names == ["third"]
    assert "sheds" in register_collections(manager).collections
    assert make_manager(None, ["third"]).names == []


class Keeper:
    """A plugin that keeps something in mind."""

    PLUGIN_API = "1.2"

    def __init__(self):
        self.asked = []

    @impl
    def dataplane_check(self, document):
        self.asked.append(document)


def test_a_class_is_a_plugin_of_its_own_in_each_application(installed):
    installed.append(Point("keeper", Keeper))
    managers = [make_manager(), make_manager(), make_manager([Keeper])]
    for number, manager in enumerate(managers):
        manager.hook.dataplane_check(document=number)
    assert [manager.get_plugin(manager.names[0]).asked for manager in managers] == [[0], [1], [2]]
    assert [manager.names for manager in managers] == [["keeper"], ["keeper"], ["Keeper"]]


@pytest.mark.parametrize(("stated", "said"), [("9.0", "does not fit this server"), ("1.2", "ZeroDivisionError: broken")])
def test_a_class_of_which_there_can_be_no_object_cannot_be_loaded(installed, stated, said):
    class Broken:
        PLUGIN_API = stated

        def __init__(self):
            raise ZeroDivisionError("broken")

    installed.append(Point("keeper", Broken))
    with pytest.raises(PluginError, match=f"the plugin keeper .*{said}"):
        make_manager()


def test_one_that_breaks_stops_the_start(installed):
    installed.append(Point("third", ImportError("no module named x")))
    with pytest.raises(PluginError, match="third.*no module named x.*block_plugins"):
        make_manager()
    assert make_manager(None, ["third"]).names == []


def test_a_plugin_of_an_unknown_name():
    with pytest.raises(PluginError, match="no_such_module"):
        make_manager(["no_such_module"])


def declare_sheds(registry):
    registry.sections("sheds", kind="shed", model=MODEL)


def test_two_that_declare_the_same_are_both_named():
    manager = make_manager([plugin("first", declare_sheds), plugin("second", declare_sheds)])
    with pytest.raises(PluginError, match="sheds is declared by first and again by second"):
        register_collections(manager)


def test_nothing_is_declared_after_the_start():
    registry = register_collections(make_manager([plugin("one", declare_sheds)]))
    for late in (
        lambda: registry.kinds("late"),
        lambda: registry.rows("late", LINE, parents=("shed",)),
        lambda: registry.extend("sheds", LINE),
    ):
        with pytest.raises(RegistryError, match="before the start"):
            late()


def test_a_misspelt_word_of_a_declaration_is_refused():
    with pytest.raises(RegistryError, match="tools says titel, which means nothing"):
        Registry().rows("tools", LINE, parents=("shed",), titel="Tool")


def test_a_parents_parameter_must_not_hide_another():
    registry = Registry()
    registry.rows("tools", LINE, parents=("shed",), parameter="version")
    with pytest.raises(RegistryError, match="version"):
        registry.freeze()


def test_names_are_derived_unless_they_are_given():
    registry = Registry()
    naming = registry.sections("http_sheds", kind="shed", model=MODEL).naming
    assert (naming.schema, naming.schemas, naming.tag) == ("http_shed", "http_sheds", "HttpShed")
    assert naming.operation_id("list") == "getHttpSheds"
    other = registry.rows("entries", LINE, parents=("shed",), schema="entry", title="Entry",
                          titles="Entries", operation_ids={"replace": "editEntry"}).naming  # fmt: skip
    ids = [other.operation_id(one) for one in ("list", "create", "replace")]
    assert ids == ["getEntries", "createEntry", "editEntry"]


def test_a_path_is_declared_once_and_with_its_responders():
    routes = Routes()
    resource = SimpleNamespace(on_get=lambda req, resp: None)
    routes.add("/x/{id}", resource, {"GET": Operation("getX", "X", "Get.")})
    with pytest.raises(ValueError, match="declared twice"):
        routes.add("/x/{name}", resource, {"GET": Operation("getName", "X", "Get.")})
    with pytest.raises(ValueError, match="no responder for PUT"):
        routes.add("/y", resource, {"PUT": None})
    routes.schema("thing", {"type": "string"})
    with pytest.raises(ValueError, match="thing is declared twice"):
        routes.schema("thing", {"type": "integer"})


@pytest.mark.parametrize(
    ("stated", "remedy"),
    [
        ("1.0", None),
        ("1.1", None),
        ("1.2", None),
        ("1.3", None),
        ("1.4", None),
        ("0.9", "and this server has 1.4; install a newer version of the plugin"),
        ("1.5", "and this server has 1.4; install a newer server"),
        ("2.0", "and this server has 1.4; install a newer server"),
        ("1", "PLUGIN_API is '1' and has to be a version such as '1.4'"),
        ("1.0.0", "has to be a version"),
        (1.0, "PLUGIN_API is 1.0 and has to be a version"),
    ],
)
def test_a_plugin_that_does_not_fit_is_told_so_in_a_sentence(stated, remedy):
    assert PLUGIN_API == "1.4", "the cases are for this version"
    one = SimpleNamespace(__name__="painter", PLUGIN_API=stated)
    if remedy is None:
        assert make_manager([one]).names == ["painter"]
        return
    with pytest.raises(PluginError, match="^the plugin painter does not fit this server: ") as caught:
        make_manager([one])
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_the_surface_lacks_is_told(tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("from dataplane_core.plugin import impl, colour_of_the_sky\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError) as caught:
        make_manager(["stranger"])
    assert str(caught.value) == (
        "the plugin stranger does not fit this server: it imports colour_of_the_sky, which version 1.4 of "
        "dataplane_core.plugin does not have; install the version of the server that the plugin was written for"
    )


def test_a_name_that_the_surface_lacks_is_told_with_the_version_that_the_plugin_states(tmp_path, monkeypatch):
    (tmp_path / "newcomer.py").write_text('from dataplane_core.plugin import impl, sky\nPLUGIN_API = "1.99"\n')
    (tmp_path / "neighbour.py").write_text('PLUGIN_API = "1.1"\nfrom dataplane_core.plugin import impl, sky\n')
    monkeypatch.syspath_prepend(tmp_path)
    said = {}
    for name in ("newcomer", "neighbour"):
        with pytest.raises(PluginError) as caught:
            make_manager([name])
        said[name] = str(caught.value).removeprefix(f"the plugin {name} does not fit this server: ")
    assert said["newcomer"] == (
        "it is written for version 1.99 of dataplane_core.plugin, and this server has 1.4; install a newer server"
    )
    assert said["neighbour"].startswith("it is written for version 1.1 and imports sky, which version 1.4 of")


def test_what_a_source_states_is_read_without_executing_it(tmp_path, monkeypatch):
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text('1 / 0\nPLUGIN_API: str = "1.7"\n')
    (package / "plugin.py").write_text('PLUGIN_API = "2.1"  # the newest\n')
    (tmp_path / "silent.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    stated = [stated_in(name) for name in ("shop", "shop.plugin", "silent", "shop.nothing", "nowhere")]
    assert stated == ["1.7", "2.1", "", "", ""]


def test_the_version_of_the_contract_is_read_without_the_rest():
    program = (
        "import sys; from dataplane_core import PLUGIN_API; print(PLUGIN_API);"
        "print(*(name for name in sys.modules if name.startswith('dataplane_')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [PLUGIN_API, "dataplane_core"]
    assert surface.API_VERSION is PLUGIN_API


def test_a_hook_that_has_nothing_to_do_is_not_called():
    """A plugin of the server says which setting that rests on, and others are always told."""

    def dataplane_answered(answered):
        raise AssertionError

    settings = load([], {})
    assert settings.dataplane.audit_file == ""
    assert make_manager().heard("dataplane_answered", settings) is None
    stranger = SimpleNamespace(__name__="stranger", dataplane_answered=impl(dataplane_answered),
                               PLUGIN_HOOKS_NEED={"dataplane_answered": "dataplane.audit_file"})  # fmt: skip
    heard = make_manager([*PLUGINS, stranger]).heard("dataplane_answered", settings)
    assert [one.plugin_name for one in heard.get_hookimpls()] == ["stranger"]
    audited = load(["--audit-file", "/var/log/audit"], {})
    heard = make_manager().heard("dataplane_answered", audited)
    assert [one.plugin_name for one in heard.get_hookimpls()] == ["changes.audit"]
    assert make_manager().heard("dataplane_asked", audited) is None
