"""The programs that run the recorded cases, as modules of this process.

They compare whole files, of which a case changes a few lines. What their functions of one line or of
one text return depends on that alone, and is kept here from one case to the next. The cases are a
hundred thousand requests: all kinds ask the application itself, and one kind a server as well.
"""

import http.client
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType, SimpleNamespace

from tests.harness.in_process import AppServer
from tests.harness.recorded import prepare_golden

OF_LINES = ("metadata", "words_of", "header_of")
OF_TEXTS = ("places", "sections")


def loaded(shared: Path, name: str) -> ModuleType:
    """Return one of the programs, with a memory of what its pure functions returned."""
    spec = importlib.util.spec_from_file_location(name, shared / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for one in (*OF_LINES, *OF_TEXTS):
        if function := getattr(module, one, None):
            setattr(module, one, (cache if one in OF_LINES else lru_cache(8))(function))
    return module


@contextmanager
def asking(program: ModuleType, shared: Path, folder: Path, odd: bool) -> Iterator[AppServer]:
    """Have the clients of a program ask an application, on the configuration of its cases.

    That is plain, or `odd`: as a person writes it.
    """
    configuration = prepare_golden(shared, folder, odd, f"{program.__name__}.py")
    server = AppServer(configuration, folder / "server").start()
    names = {"HTTPConnection": server.connection, "HTTPException": http.client.HTTPException}
    program.http = SimpleNamespace(client=SimpleNamespace(**names))  # type: ignore[attr-defined]
    yield server
    server.stop()
