"""A module that is postponed is one that nobody has taken anything from, and nobody notices."""

import importlib
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dataplane_core.server.postponed_modules import HARDLY_NEEDED, PostponedModule, lent, postpone

TEXT = """\
import threading
import {name}

loads.append({name}.__name__)
loaded.wait()
value = 1


def double(one):
    return one * 2
"""


def is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


@pytest.fixture(autouse=True)
def _finders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a module that notes when it is loaded, and then waits for an event."""
    package = tmp_path / "laggards"
    package.mkdir()
    (package / "__init__.py").touch()
    text = "import builtins\nloads, loaded = builtins.laggards\n" + TEXT.format(name="laggards.late")
    (package / "late.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "laggards.late"
    for name in ("laggards.late", "laggards"):
        sys.modules.pop(name, None)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    import builtins

    noted: list[str] = []
    loaded = threading.Event()
    loaded.set()
    monkeypatch.setattr(builtins, "laggards", (noted, loaded), raising=False)
    return noted


def test_a_module_is_loaded_once_something_is_taken_from_it(module: str, loads: list[str]) -> None:
    postpone({module: ()})
    import laggards.late  # type: ignore[import-not-found]
    from laggards import late

    assert importlib.import_module(module) is late
    assert isinstance(late, PostponedModule)
    assert not loads
    assert late.value == 1
    assert type(late) is type(sys)
    assert loads == [module]
    postpone({module: ()})
    assert sys.modules[module] is late
    assert laggards.late.value == 1


def test_what_is_lent_is_taken_without_loading_it(module: str, loads: list[str]) -> None:
    postpone({module: ()})
    import laggards.late

    with lent(module, {"value": 7}):
        from laggards.late import value

        assert laggards.late.value == value == 7
    assert not loads
    assert laggards.late.value == 1
    with lent(module, {"value": 7}):
        assert laggards.late.value == 1


def test_a_name_is_imported_from_it(module: str, loads: list[str]) -> None:
    postpone({module: ()})
    from laggards.late import value

    assert value == 1
    assert loads == [module]


def test_a_function_can_be_taken_before_it_is_loaded(module: str, loads: list[str]) -> None:
    postpone({module: {"double"}})
    from laggards.late import double

    assert not loads
    assert double(2) == 4 and double("a") == "aa"
    assert loads == [module]
    assert importlib.import_module(module).double is not double


def test_a_package_and_its_modules_are_imported_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lazy_laggards"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import *\nfrom . import inner as kept\n")
    (package / "inner.py").write_text("__all__ = ('value',)\nvalue = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    postpone({"lazy_laggards": ()})
    lazy = importlib.import_module("lazy_laggards")
    assert "lazy_laggards.inner" not in sys.modules
    assert lazy.value == 1 and lazy.kept.value == 1
    assert lazy.__spec__.loader is lazy.__loader__ and hasattr(lazy.__loader__, "get_source")
    for name in ("lazy_laggards", "lazy_laggards.inner"):
        del sys.modules[name]


def test_threads_wait_for_it(module: str, loads: list[str]) -> None:
    import builtins

    loaded: threading.Event = builtins.laggards[1]  # type: ignore[attr-defined]
    loaded.clear()
    postpone({module: ()})
    late, found = importlib.import_module(module), list[int]()
    threads = [threading.Thread(target=lambda: found.append(late.value)) for _ in range(8)]
    for thread in threads:
        thread.start()
    loaded.set()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
    assert loads == [module]


def meeting_once() -> Callable[[], object]:
    """A function in which the first two threads meet, and others pass."""
    barrier = threading.Barrier(2)
    tickets = [barrier.wait] * 2
    return lambda: tickets.pop()(60) if tickets else None


def test_a_thread_that_takes_from_it_while_another_ends_loading_it_gets_it() -> None:
    """The class of the module is another one by then than when the thread asked for its attribute."""
    take: Callable[[ModuleType, str], object] = PostponedModule.__getattribute__  # type: ignore[assignment]
    assert take(json, "dumps") is json.dumps
    assert take(json, "__spec__") is json.__spec__


def test_threads_that_wait_for_each_other_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One loads a postponed module that imports another, in which a second thread takes from it meanwhile."""
    import builtins

    package = tmp_path / "crossed_laggards"
    package.mkdir()
    (package / "__init__.py").touch()
    meet = "import builtins\nvalue = 1\nbuiltins.laggards_meet()\n"
    (package / "late.py").write_text(f"{meet}import crossed_laggards.other\n")
    (package / "other.py").write_text(f"{meet}from crossed_laggards import late\nfound = late.value\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(builtins, "laggards_meet", meeting_once(), raising=False)
    postpone({"crossed_laggards.late": ()})
    late = importlib.import_module("crossed_laggards.late")
    results: list[object] = []

    def noting(call: Callable[[], object]) -> None:
        try:
            results.append(call())
        except RuntimeError as error:  # what `import` itself raises in that case
            results.append(type(error).__name__)

    threads = [
        threading.Thread(target=noting, args=(call,), daemon=True)
        for call in (lambda: late.value, lambda: importlib.import_module("crossed_laggards.other").found)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results in ([1, 1], [1, "_DeadlockError"], ["_DeadlockError", 1])
    assert late.value == 1 and sys.modules["crossed_laggards.other"].found == 1
    for name in ("crossed_laggards", "crossed_laggards.late", "crossed_laggards.other"):
        del sys.modules[name]


def test_threads_load_two_that_do_not_need_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One module imports what a second thread imports meanwhile, and that takes from another postponed one."""
    import builtins

    meet = "import builtins\nbuiltins.laggards_meet()\n"
    (tmp_path / "laggard_first.py").write_text(f"{meet}import laggard_middle\nvalue = laggard_middle.value\n")
    (tmp_path / "laggard_middle.py").write_text(f"{meet}import laggard_second\nvalue = laggard_second.value\n")
    (tmp_path / "laggard_second.py").write_text("value = 1\n")
    names = ("laggard_first", "laggard_second", "laggard_middle")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(builtins, "laggards_meet", meeting_once(), raising=False)
    postpone(dict.fromkeys(names[:2], ()))
    first, found = importlib.import_module("laggard_first"), list[int]()
    threads = [
        threading.Thread(target=call, daemon=True)
        for call in (
            lambda: found.append(first.value),
            lambda: found.append(importlib.import_module("laggard_middle").value),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [1, 1]
    for name in names:
        del sys.modules[name]


def test_what_fails_to_load_fails_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faulty_laggard.py").write_text("raise ValueError")
    monkeypatch.syspath_prepend(str(tmp_path))
    postpone({"faulty_laggard": ()})
    module = importlib.import_module("faulty_laggard")
    del sys.modules["faulty_laggard"]
    for _ in range(2):
        with pytest.raises(ValueError):
            module.value  # noqa: B018


def test_what_is_not_there_is_left_alone() -> None:
    postpone({"no_such_laggard": ()})
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_laggard")


@pytest.mark.parametrize("name", HARDLY_NEEDED)
def test_each_module_exists(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


@pytest.mark.parametrize("name", [*filter(is_package, HARDLY_NEEDED)])
def test_what_a_package_loads_does_not_take_from_it(name: str) -> None:
    """Else neither of them could be imported first."""
    program = (
        f"import sys, {name}\n"
        f"needed = [one for one in sys.modules if one.startswith('{name}.')]\n"
        f"for one in [*needed, '{name}']: del sys.modules[one]\n"
        "from dataplane_core.server.postponed_modules import PostponedModule, postpone\n"
        f"postpone({{'{name}': ()}})\n"
        "import importlib\n"
        "for one in needed: importlib.import_module(one)\n"
        f"assert needed and type(sys.modules['{name}']) is PostponedModule\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_sources_of_classes_are_found_by_what_is_postponed(tmp_path: Path) -> None:
    code = (
        "from dataplane_core import cli\n"
        "import inspect, sys\n"
        "before = type(sys.modules['ast']).__name__\n"
        "from dataplane_core.grammar.props import Prop\n"
        "print(before, inspect.getsource(Prop).splitlines()[0], type(sys.modules['ast']).__name__)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    before, *line, after = told.stdout.split()
    assert (before, after) == ("PostponedModule", "module")
    assert line[0] == "class" or line[0].startswith("@")
