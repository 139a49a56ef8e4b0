"""The command line of contrib/appliance."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from locked import requirements

from appliance import libraries
from appliance.archive import archive
from appliance.chosen import SETS, SMALLEST, TOP, UnknownPluginError, chosen
from appliance.contents import Contents, needed
from appliance.whole import whole

SETTINGS = Path(__file__).with_name("settings.yaml")
SYSTEM_PYTHON = "/usr/bin/python3"
FORMS = ("zip", "whole")
FIRST_MOMENT = 315532800
SOURCES = ("dataplane_core", "dataplane_plugins", "config", "contrib/systemd")
SOURCE_FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
EPILOG = f"""\
The set "smallest" has {", ".join(SMALLEST)}.

The result is started as `dataplane` is: `serve`, `check`, `doctor`, `plugins`, `--version`, and all
other commands; `manifest` prints what is in it. It writes into one folder and nowhere else: that of
--folder, or of the variable DATAPLANE_FOLDER when it is started. haproxy.cfg stands there, where
--settings says nothing else.

examples:
  contrib/appliance --output dist/dataplane
  contrib/appliance --form whole --set full --output dist/dataplane
  contrib/appliance --plugin runtime.stats --with ./contrib/examples/udp-lb --output dist/dataplane
  contrib/appliance measure dist/dataplane
"""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="contrib/appliance", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Build one executable file of the server with a chosen set of plugins.",
    )  # fmt: skip
    add = parser.add_argument
    add("--output", type=Path, required=True, metavar="FILE", help="where the file is written")
    add("--form", choices=FORMS, default="zip",
        help="zip: a Python of the same version runs it; whole: the Python is in it")  # fmt: skip
    add(
        "--set",
        choices=SETS,
        default="smallest",
        dest="set_name",
        help="the plugins that are in it",
    )
    add("--plugin", action="append", default=[], metavar="NAME",
        help="one more plugin of the server; may be given several times")  # fmt: skip
    add("--with", action="append", default=[], metavar="WHAT", dest="more",
        help="a distribution with plugins, as pip takes it: a folder, a wheel, a name")  # fmt: skip
    add("--settings", type=Path, default=SETTINGS, metavar="FILE",
        help="settings that hold where there is no other file; @FOLDER@: the folder")  # fmt: skip
    add(
        "--folder",
        default="/var/lib/dataplane",
        help="the one folder that may be written to (%(default)s)",
    )
    add("--python", default=_python(), metavar="PATH",
        help="the Python that starts the zip, or is in the whole (%(default)s)")  # fmt: skip
    add(
        "--constraints",
        type=Path,
        metavar="FILE",
        help="other versions of libraries than the locked ones, as `pip -c` takes them",
    )
    add("--installed", action="store_true",
        help="take the libraries of the Python that builds, and ask no registry")  # fmt: skip
    return parser.parse_args(words)


def _python() -> str:
    """Return the system's Python if it is of the version that builds, else the one that builds."""
    code = "import sys; print(*sys.version_info[:2])"
    with suppress(OSError):
        command = [SYSTEM_PYTHON, "-Ic", code]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if told.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return SYSTEM_PYTHON
    return sys.executable


def main(words: Sequence[str] = ()) -> int:
    """Build a file, or measure one; return the exit status."""
    words = list(words or sys.argv[1:])
    if words[:1] == ["measure"]:
        from appliance.measured import main as measure

        return measure(words[1:])
    given = arguments(words)
    try:
        plugins = chosen(given.set_name, given.plugin)
        with tempfile.TemporaryDirectory(prefix="appliance-") as place:
            data = built(given, plugins, Path(place))
    except (UnknownPluginError, LookupError, ValueError) as error:
        print(f"contrib/appliance: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"contrib/appliance: pip failed ({error.returncode})", file=sys.stderr)
        return 1
    place_file(given.output, data)
    digest = hashlib.sha256(data).hexdigest()
    print(
        f"{given.output}: {len(data) / (1 << 20):.1f} MiB, {len(plugins)} plugins, sha256 {digest}"
    )
    return 0


def built(given: argparse.Namespace, plugins: list[str], place: Path) -> bytes:
    """Return the bytes of the file."""
    contents = Contents(plugins, given.folder, given.settings.read_text("utf-8"))
    contents.add_server()
    names, where = needed(plugins), None
    if given.installed:
        names += given.more
    else:
        where = place / "libraries"
        if given.more or given.constraints:
            wanted = [one for one in requirements() if libraries.name_of(one) in names]
            wanted += [str(server_sources(place / "server")), *given.more] if given.more else []
            libraries.install(wanted, where, given.constraints)
        else:
            libraries.install_locked(where)
        names += libraries.with_plugins(where) if given.more else []
    for one in libraries.found(names, where).values():
        contents.add(one)
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", FIRST_MOMENT))
    entries = contents.finished(given.form, lean=given.set_name == "smallest")
    packed = archive(entries, moment, stored=(".pyc",))
    if given.form == "zip":
        return f"#!{given.python} -BIS\n".encode() + packed
    return whole(packed, given.folder, given.python)


def server_sources(folder: Path) -> Path:
    """Copy what a build of the server reads: it writes beside it."""
    for name in SOURCES:
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCE_FILES:
        shutil.copy(TOP / name, folder / name)
    return folder


def place_file(output: Path, data: bytes) -> None:
    """Put the file into its place at once: a server may run the former one."""
    output.parent.mkdir(parents=True, exist_ok=True)
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.chmod(0o755)
    beside.rename(output)
