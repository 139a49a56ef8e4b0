"""The surface consists of modules by topic, which nobody imports but the surface itself."""

from dataplane_core import grammar, plugin
from dataplane_core.plugin import declarations, files
from tests.harness.recorded import TOP


def test_every_name_is_in_one_module_of_the_surface() -> None:
    assert set(grammar.__all__) <= set(declarations.__all__)
    assert not set(declarations.__all__) & set(files.__all__)
    assert {*declarations.__all__, *files.__all__} < {*plugin.__all__}


def test_plugins_import_the_surface_and_no_part_of_it() -> None:
    paths = [path for folder in ("dataplane_plugins", "contrib/examples") for path in (TOP / folder).rglob("*.py")]
    assert [path for path in paths if "dataplane_core.plugin." in path.read_text("utf-8")] == []
