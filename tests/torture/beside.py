"""The application beside a running HAProxy, which no reload changes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.harness.haproxy import HaproxyProcess
from tests.runtime.support import FILES, TEXT, Api

FOLDERS = {"ssl_certs_dir": "ssl", "general_storage_dir": "general", "spoe_dir": "spoe",
           "spoe_transaction_dir": "spoe-transactions"}  # fmt: skip


def any_haproxy() -> str:
    """The program of an HAProxy: 2.8, if it is there."""
    found = installed()
    return str(found.get("2.8") or next(iter(found.values())))


@contextmanager
def beside_haproxy(folder: Path, program: str) -> Iterator[Api]:
    """The application, whose changes this HAProxy judges, on a configuration of its own."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for name in FOLDERS.values():
        (folder / name).mkdir(exist_ok=True)
    running = folder / "running.cfg"
    running.write_text(TEXT.format(folder=folder), "utf-8")
    shutil.copy(running, folder / "haproxy.cfg")
    places = {f"dataplaneapi__resources__{name}": str(folder / one) for name, one in FOLDERS.items()}
    with HaproxyProcess(program, running, folder) as haproxy:
        yield Api(
            folder,
            haproxy__master_runtime=str(haproxy.master),
            haproxy__haproxy_bin=program,
            haproxy__reload__validate_cmd="",
            dataplane__dangerous_lines="refuse",
            **places,
        )
