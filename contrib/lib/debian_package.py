"""Build the Debian package: the same bytes of the same sources and the same locked libraries.

The libraries come as wheels, as Debian's own are older than the server needs; they and the server
lie in a virtual environment of Debian's Python. Needed are dpkg-deb, and no right of root.
"""

import hashlib
import os
import py_compile
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import licences
from locked import PYTHON, TOP, CannotBuild, run, unpack

PARTS = TOP / "contrib" / "debian"
HOME = "usr/lib/dataplane"
PLUGINS = "/usr/local/lib/dataplane"
"""Where an operator puts plugins: pip install --target."""
MOMENT = int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))
CONFIGURATION = {  # conffiles, with their modes: who may read them is the operator's business
    "etc/dataplane/dataplane.yaml": ("dataplane.yaml", 0o640),
    "etc/dataplane/users.cfg": ("users.cfg", 0o600),
}
CONTROL = """\
Package: dataplane
Version: {version}
Architecture: {architecture}
Maintainer: The dataplane project <dataplane@localhost>
Installed-Size: {size}
Depends: python3 (>= {python}), python3 (<< {next_python}), adduser, init-system-helpers
Recommends: haproxy (>= 2.4), logrotate
Section: net
Priority: optional
Description: REST control plane for HAProxy
 A REST server that reads and edits haproxy.cfg under versions and transactions,
 checks every change with HAProxy itself, and applies it over the Runtime API
 where that spares a reload. It serves the interface of HAProxy's Data Plane API.
"""
SCRIPT = """\
#!/{home}/bin/python3 -I
import sys

from dataplane_core.cli import {function}

sys.exit({function}())
"""


@dataclass(frozen=True)
class Package:
    """What is built: `revision` counts packages of one version; `compression` is dpkg-deb's."""

    revision: str = "1"
    architecture: str = "amd64"
    compression: str = "xz"

    @property
    def version(self) -> str:
        """Return the version of the package."""
        text = (TOP / "dataplane_core" / "__init__.py").read_text("utf-8")
        found = re.search(r'^__version__ = "([^"]+)"', text, re.M)
        assert found is not None
        return f"{found[1]}-{self.revision}"

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return f"dataplane_{self.version}_{self.architecture}.deb"


def build(package: Package, wheels: Sequence[Path], target: Path, work: Path) -> Path:
    """Build the package of wheels, in the folder `work`, and put it into the folder `target`."""
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise CannotBuild(f"Python {PYTHON} has to compile what Debian's Python {PYTHON} runs")
    root = work / "root"
    site = root / HOME / "lib" / f"python{PYTHON}" / "site-packages"
    site.mkdir(parents=True)
    for wheel in wheels:
        unpack(wheel, site)
    (site / "plugins.pth").write_text(f"{PLUGINS}\n")
    compile_all(root, site)
    write_environment(root)
    write_files(root)
    write_control(root, package)
    set_times(root)
    made = target / package.name
    command = ["dpkg-deb", "--root-owner-group", f"-Z{package.compression}", "--build"]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(MOMENT)}
    run([*command, str(root), str(made)], env=environ)
    return made


def newer(package: Path, folder: Path) -> Path:
    """Make a package of a later version of one: with other settings, as a release may have."""
    root = folder / "newer"
    run(["dpkg-deb", "-R", str(package), str(root)])
    control = root / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+1", control.read_text()))
    settings = root / "etc" / "dataplane" / "dataplane.yaml"
    settings.write_text(f"{settings.read_text()}# Said by a later release.\n")
    run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), f"{root}.deb"])
    shutil.rmtree(root)
    return Path(f"{root}.deb")


def compile_all(root: Path, site: Path) -> None:
    """Compile every module for good: no time is compared, and nobody has to write there later.

    A process of its own does it, whose hashes of strings are the same each time.
    """
    code = f"import sys; from {__name__} import compile_here; compile_here(*sys.argv[1:])"
    environ = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parent)}
    run([sys.executable, "-c", code, str(root), str(site)], env=environ)


def compile_here(root: str, site: str) -> None:
    """Compile the modules below `site` under the names that they have once installed."""
    for path in sorted(Path(site).rglob("*.py")):
        seen = "/" + str(path.relative_to(root))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(path), dfile=seen, invalidation_mode=mode, quiet=1)


def write_environment(root: Path) -> None:
    """Write what makes a virtual environment of Debian's Python of the folder, and the commands."""
    home = root / HOME
    (home / "bin").mkdir()
    (home / "bin" / "python3").symlink_to("/usr/bin/python3")
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
    )
    (root / "usr" / "bin").mkdir()
    for name, function in (("dataplane", "main"), ("dataplaneapi", "serve_main")):
        script = home / "bin" / name
        script.write_text(SCRIPT.format(home=HOME, function=function))
        script.chmod(0o755)
        (root / "usr" / "bin" / name).symlink_to(f"../lib/dataplane/bin/{name}")


def write_files(root: Path) -> None:
    """Write the configuration, the units, the rotation of logs and the licence."""
    for place, (name, mode) in CONFIGURATION.items():
        put(root / place, (PARTS / name).read_text(), mode)
    units = TOP / "contrib" / "systemd"
    for name in ("dataplane.service", "dataplane.socket"):
        text = (units / name).read_text().replace("/opt/dataplane/bin/", "/usr/bin/")
        put(root / "lib" / "systemd" / "system" / name, text)
    put(root / "etc" / "logrotate.d" / "dataplane", (units / "dataplane.logrotate").read_text())
    documents = root / "usr" / "share" / "doc" / "dataplane"
    put(documents / "copyright", (TOP / "LICENSE").read_text())
    put(documents / "licences.txt", licences.LIST.read_text())


def write_control(root: Path, package: Package) -> None:
    """Write what dpkg needs to know, and the scripts that it runs."""
    files = sorted(one for one in root.rglob("*") if one.is_file() and not one.is_symlink())
    sums = "".join(
        f"{hashlib.md5(one.read_bytes()).hexdigest()}  {one.relative_to(root)}\n" for one in files
    )
    major, minor = PYTHON.split(".")
    control = CONTROL.format(
        version=package.version,
        architecture=package.architecture,
        size=sum(-(-one.stat().st_size // 1024) for one in files),
        python=PYTHON,
        next_python=f"{major}.{int(minor) + 1}",
    )
    conffiles = "".join(f"/{one}\n" for one in (*CONFIGURATION, "etc/logrotate.d/dataplane"))
    folder = root / "DEBIAN"
    put(folder / "control", control)
    put(folder / "conffiles", conffiles)
    put(folder / "md5sums", sums)
    for name in ("preinst", "postinst", "prerm", "postrm"):
        if (PARTS / name).exists():
            put(folder / name, (PARTS / name).read_text(), 0o755)


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def set_times(root: Path) -> None:
    """Give everything one time, and a mode that no umask changes."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink() and str(path.relative_to(root)) not in CONFIGURATION:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (MOMENT, MOMENT), follow_symlinks=False)
