"""The programs that run the recorded cases, as modules of this process.

They compare whole files, of which a case changes a few lines. What their functions of one line or of
one text return depends on that alone, and is kept here from one case to the next.
"""

import importlib.util
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

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
