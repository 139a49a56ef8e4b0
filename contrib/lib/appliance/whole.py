"""Put a Python beside the archive, into one file that a POSIX shell unpacks once and then starts.

The file is a script, a compressed tree and the archive of the other form, one behind the other. The
tree has the interpreter that builds, its library compiled and shortened as all else is, its native
modules, and the system's libraries that these need, the C library and its loader included: the
machine that runs it needs nothing but a kernel, and at the first start `sh`, `tail`, `tar` and
`gzip`. It is unpacked into the one writable folder, beside its place, and renamed; a start that
finds it there takes three steps of a shell.
"""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.compiled import compiled

_LEFT_OUT = re.compile(
    r"^(test|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|distutils|venv|unittest|msilib|curses)/"
    r"|(^|/)(tests?|__pycache__|site-packages|dist-packages|lib-dynload|config-[^/]*)/"
    r"|^(turtle|pydoc|doctest|pdb|antigravity|this|cProfile|profile|pstats|trace)\.py$"
)
_NATIVE_LEFT_OUT = re.compile(r"^(_test|_tkinter|_ctypes_test|xxlimited|_curses|nis|readline|_xx)")
_WHERE = """
import os, sysconfig
library = sysconfig.get_path("stdlib")
print(library, os.path.join(library, "lib-dynload"), sep="\\n")
"""
_SCRIPT = """\
#!/bin/sh
# The server with its Python in one file; `manifest` prints what is in it.
set -eu
folder=${DATAPLANE_FOLDER:-@FOLDER@}/.appliance
tree=$folder/python-@DIGEST@
if [ ! -d "$tree" ]; then
  umask 022
  mkdir -p "$folder" || {
    echo "$0: there is no folder to write to; DATAPLANE_FOLDER names one" >&2
    exit 1
  }
  beside=$tree.$$
  trap 'rm -rf "$beside"' EXIT
  mkdir "$beside"
  tail -c +@START@ "$0" | head -c @SIZE@ | gzip -dc | tar -xf - -C "$beside"
  sync  # what is renamed should be whole, also after a power failure
  mv "$beside" "$tree" 2>/dev/null || [ -d "$tree" ]
  rm -rf "$tree/${beside##*/}" "$beside"
  trap - EXIT
  for other in "$folder"/python-*; do  # of other builds, and of starts that were killed
    case $other in
      "$tree") ;;
      *.*) kill -0 "${other##*.}" 2>/dev/null || rm -rf "$other" ;;
      *) rm -rf "$other" ;;
    esac
  done
fi
python=$tree/bin/python
exec "$tree/lib/@LOADER@" --library-path "$tree/lib" --argv0 "$python" "$python" -BIS "$0" "$@"
"""


def whole(packed: bytes, folder: str, python: str) -> bytes:
    """Return the file of an archive and of a Python, which is of the version that builds."""
    program = Path(os.path.realpath(python))
    tree = dict(_tree(program))
    digest = hashlib.sha256()
    for name, (data, mode) in sorted(tree.items()):
        digest.update(f"{name} {mode:o} {len(data)}\n".encode() + data)
    packed_tree = _packed(tree)
    loader = Path(_loader(program)).name
    script = _SCRIPT.replace("@FOLDER@", folder).replace("@DIGEST@", digest.hexdigest()[:16])
    script = script.replace("@LOADER@", loader).replace("@SIZE@", str(len(packed_tree)))
    start = len(script.replace("@START@", "0" * 6)) + 1
    head = script.replace("@START@", f"{start:06d}").encode()
    return head + packed_tree + packed


def _tree(program: Path) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """Yield the files of a Python: name, bytes and mode."""
    told = subprocess.run([program, "-Ic", _WHERE], capture_output=True, text=True, check=True)
    library, dynamic = (Path(line) for line in told.stdout.splitlines())
    place = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    native = sorted(dynamic.glob("*.so"))
    native = [one for one in native if not _NATIVE_LEFT_OUT.match(one.name)]
    yield "bin/python", (program.read_bytes(), 0o755)
    for one in native:
        yield f"{place}/lib-dynload/{one.name}", (one.read_bytes(), 0o644)
    sources = {
        path.relative_to(library).as_posix(): path.read_bytes()
        for path in sorted(library.rglob("*.py"))
    }
    sources = {name: data for name, data in sources.items() if not _LEFT_OUT.search(name)}
    for name, data in compiled(sources).items():
        yield f"{place}/{name}c", (data, 0o644)
    for path in _libraries([program, *native]):
        yield f"lib/{path.name}", (path.read_bytes(), 0o755)


def _libraries(programs: Sequence[Path]) -> list[Path]:
    """Return the system's libraries that programs need, with the loader of programs."""
    found = {_loader(programs[0])}
    for program in programs:
        told = subprocess.run(
            ["ldd", str(program)], capture_output=True, text=True, check=False
        ).stdout
        found |= {*re.findall(r"=> (/\S+)", told)}
    return [Path(one) for one in sorted(found)]


def _loader(program: Path) -> str:
    """Return the loader that a program names."""
    told = subprocess.run(
        ["ldd", str(program)], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"^\s*(/\S*ld[-\w.]*\.so\S*)", told, re.M)
    if match is None:
        raise ValueError(f"{program} names no loader: it is no program of glibc or musl")
    return match[1]


def _packed(tree: dict[str, tuple[bytes, int]]) -> bytes:
    """Return a compressed archive of a tree, the same bytes each time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folders = {
            name.rsplit("/", depth)[0] for name in tree for depth in range(1, name.count("/") + 1)
        }
        for name in sorted(folders):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, (data, mode) in sorted(tree.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(written.getvalue(), 6, mtime=0)
