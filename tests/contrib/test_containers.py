"""The container files: linted, and carried out in an unpacked Debian."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dataplane_core.settings import load
from tests.harness.contrib import containerfile, debian_root
from tests.harness.recorded import TOP

DOCKER = TOP / "contrib" / "docker"
FILES = sorted(DOCKER.glob("Containerfile.*"))
SECRET = re.compile(r"pass(word|wd)|secret|token|api_?key", re.I)


@pytest.fixture(params=FILES, ids=lambda path: path.suffix[1:])
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_hadolint_finds_nothing(file: Path) -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed here: the extra `lint` brings it")
    told = subprocess.run([program, str(file)], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "")


def test_it_is_written_with_care(file: Path) -> None:
    steps = list(containerfile.steps(file.read_text()))
    names = [name for name, _ in steps]
    every = dict(steps)
    assert re.fullmatch(r"[a-z]+:[0-9]+\.[0-9]+[-a-z]*", every["FROM"]), "the base is not pinned"
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", every["USER"]), "it ends as root, or by a name"
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))
    assert "ADD" not in names
    for name in ("ENTRYPOINT", "CMD"):
        assert every[name].startswith("["), f"{name} is given to a shell"
    assert re.search(r"CMD \[", every["HEALTHCHECK"])
    assert not [one for one in steps if SECRET.search(one[1])]
    installs = [rest for name, rest in steps if name == "RUN" and "apt-get install" in rest]
    for rest in installs:
        assert "--no-install-recommends" in rest
        assert "/var/lib/apt/lists/*" in rest


def test_what_is_copied_is_there(file: Path) -> None:
    for name, rest in containerfile.steps(file.read_text()):
        if name == "COPY":
            words = [word for word in rest.split() if not word.startswith("--")]
            for source in words[:-1]:
                assert source.startswith("dist/") or (TOP / source).is_file(), source


def test_the_settings_are_understood() -> None:
    settings = load(["-f", str(DOCKER / "dataplane.yaml")], {})
    assert settings.haproxy.master_runtime == "/run/haproxy/master.sock"
    assert not settings.warnings


def test_the_composition_gives_the_sidecar_the_folders_and_nothing_else() -> None:
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    shared = [{one for one in service["volumes"] if isinstance(one, str)} for service in services.values()]
    assert shared[0] & shared[1] == {"configuration:/etc/haproxy", "sockets:/run/haproxy"}
    for one in services.values():
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    file = services["api"]["build"]["dockerfile"]
    assert services["haproxy"]["user"] == dict(containerfile.steps((TOP / file).read_text()))["USER"]


def test_volumes_that_are_empty_begin_with_what_the_image_of_the_sidecar_has() -> None:
    """Docker fills a volume from the container that is made first, and gives it that folder's owner."""
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert services["haproxy"]["depends_on"] == ["api"]
    steps = list(containerfile.steps((DOCKER / "Containerfile.sidecar").read_text()))
    user = dict(steps)["USER"]
    assert ("COPY", f"--chown={user} contrib/docker/haproxy.cfg /etc/haproxy/haproxy.cfg") in steps
    (users,) = (one for one in services["api"]["volumes"] if not isinstance(one, str))
    assert users["bind"] == {"create_host_path": False}


@pytest.mark.server
@pytest.mark.haproxy
@pytest.mark.network
def test_the_steps_are_carried_out(debian_package_file: Path) -> None:
    if reason := debian_root.lacking():
        pytest.skip(reason)
    if not (debian_root.BASE / "done").exists():
        pytest.skip("no Debian is unpacked here: contrib/docker/try does that, once")
    command = [sys.executable, str(DOCKER / "try"), "--package", str(debian_package_file)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all of it holds\n")
