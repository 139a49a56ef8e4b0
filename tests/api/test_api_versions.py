"""The setting `api_versions` chooses which versions of the interface are served."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dataplane_core.app import VERSIONS, chosen_versions, create_app
from dataplane_core.commands.group import main
from dataplane_core.plugin import Operation, Response, impl
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import SettingsError, load
from dataplane_plugins.configuration import masks
from tests.api.support import Api

NAMES = [one.name for one in VERSIONS]
KNOWN = f"known are {', '.join(NAMES)}"


class Whole(Api):
    """The application with all plugins."""

    def wanted(self, plugins: Iterable[object]) -> None:
        return None


def names(*argv: str, **environ: str) -> list[str]:
    return [one.name for one in chosen_versions(load(argv, environ))]


def test_all_are_served_unless_some_are_named() -> None:
    assert names() == names("--state-dir", "/x") == NAMES
    assert names(DATAPLANE_API_VERSIONS="") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_place_of_settings_names_them(tmp_path: Path, name: str) -> None:
    yaml, hcl = tmp_path / "s.yaml", tmp_path / "s.hcl"
    yaml.write_text(f"dataplane:\n  api_versions: [{name}]\n")
    hcl.write_text(f'dataplane {{\n  api_versions = ["{name}"]\n}}\n')
    assert names("-f", str(yaml)) == names("-f", str(hcl)) == [name]
    assert names("--api-version", name) == names(DATAPLANE_API_VERSIONS=name) == [name]


def test_they_are_served_once_each_in_their_order() -> None:
    assert names("--api-version", "v3", "--api-version", "v2", "--api-version", "v3") == ["v3", "v2"]
    assert names(DATAPLANE_API_VERSIONS="v3, v2") == ["v3", "v2"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [("[v2, v33]", "there is no version v33 of the API"), ("[V2]", "there is no version V2 of the API"),
     ("2", "there is no version 2 of the API"), ("[]", "names no version"), ("''", "names no version")],
)  # fmt: skip
def test_a_wrong_one_refuses_the_start_in_one_sentence(tmp_path: Path, written: str, fault: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"dataplane:\n  api_versions: {written}\n")
    with pytest.raises(SettingsError) as caught:
        create_app(load(["-f", str(file), "--state-dir", str(tmp_path / "state")], {}))
    assert str(caught.value) == f"{file}:2: dataplane.api_versions: {fault}; {KNOWN}"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_served_is_not_there(tmp_path: Path, name: str) -> None:
    api = Whole(tmp_path, dataplane__api_versions=(name,))
    assert [one.version.name for one in api.app.served] == [name]
    assert api.call("GET", f"/{name}/services/haproxy/configuration/backends").status_code == 200
    for other in {*NAMES, "v9"} - {name}:
        for path in (f"/{other}", f"/{other}/docs", f"/{other}/services/haproxy/configuration/backends"):
            assert api.call("GET", path).status_code == 404, path
            assert api.call("GET", path, user=None).status_code == 404, path
    asked = api.call("GET", "/")
    assert (asked.status_code, asked.headers["Location"]) == (302, f"{name}/docs")


def test_what_is_not_served_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what it lacks is read, nor is anything made of its paths."""
    read, asked = set(), set()
    before = masks._read
    monkeypatch.setattr(masks, "_read", lambda version: read.add(version) or before(version))
    made = Registry.mask_of
    monkeypatch.setattr(Registry, "mask_of", lambda self, name: asked.add(name) or made(self, name))
    Whole(tmp_path, dataplane__api_versions=("v3",))
    assert (read, asked) == ({"v3"}, {"v3"})


class OnlyInV3:
    """A plugin of a third party with a path that names its version."""

    def on_get(self, req: Any, resp: Any) -> None:
        resp.media = req.served.version.name

    @impl
    def dataplane_routes(self, routes: Any) -> None:
        get = Operation("getStranger", "Get it", "Stranger", responses={"200": Response("It.")})
        routes.add("/stranger", self, {"GET": get}, versions=("v3",))


@pytest.mark.parametrize(("served", "status"), [(("v2",), 404), (("v3",), 200), (("v2", "v3"), 200)])
def test_plugins_may_name_a_version_that_is_not_served(
    tmp_path: Path, served: tuple[str, ...], status: int
) -> None:
    api = Api(tmp_path, plugins=[OnlyInV3()], dataplane__api_versions=served)
    assert api.call("GET", "/v3/stranger").status_code == status
    assert api.call("GET", "/v2/stranger").status_code == 404


def test_commands_show_what_is_served() -> None:
    flags = ["--api-version", "v3"]
    listed = CliRunner().invoke(main, ["routes", *flags, "--json"]).stdout
    assert {one["path"].split("/")[1] for one in json.loads(listed)} == {"v3", "dataplane"}
    document = json.loads(CliRunner().invoke(main, ["spec", *flags]).stdout)
    assert document["basePath"] == "/v3"
    refused = CliRunner().invoke(main, ["spec", *flags, "--version", "v2"])
    assert (refused.exit_code, refused.stderr) == (
        1, "version v2 of the API is not served; served: dataplane, v3\n",
    )  # fmt: skip
    wrong = CliRunner().invoke(main, ["routes", "--api-version", "v0"])
    assert (wrong.exit_code, wrong.stderr) == (
        1, f"flag --api-version: dataplane.api_versions: there is no version v0 of the API; {KNOWN}\n",
    )  # fmt: skip
