"""Postpone modules that libraries import and a server hardly ever needs.

Commands postpone them before anything else is imported. Each is loaded when somebody takes
something from it, as if it had been imported then.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib._bootstrap import (  # type: ignore[attr-defined]
    _DeadlockError,
    _get_module_lock,
)
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # its module imports some that are to be postponed

HARDLY_NEEDED: Mapping[str, Collection[str]] = {
    "argparse": (),  # gunicorn has a command line of its own
    "ast": (),  # classes whose sources are shown
    "bz2": (),
    "lzma": (),  # archives, which `shutil` could make
    "calendar": (),  # dates of mails
    "difflib": {"SequenceMatcher", "get_close_matches"},  # what somebody may have meant
    "email.utils": (),  # gunicorn's own answers
    "falcon.routing.compiled": {"CompiledRouter", "CompiledRouterOptions"},  # another one is used
    "falcon.routing.converters": {
        *("BaseConverter", "DateTimeConverter", "FloatConverter", "IntConverter"),
        *("PathConverter", "RegexConverter", "UUIDConverter"),
    },
    "falcon.routing.static": {"StaticRoute", "StaticRouteAsync"},  # folders with files to serve
    "falcon.util.sync": {  # bridges between the halves of Falcon
        *("_should_wrap_non_coroutines", "_wrap_non_coroutine_unsafe", "async_to_sync"),
        *("create_task", "get_running_loop", "runs_sync", "sync_to_async"),
        *("wrap_sync_to_async", "wrap_sync_to_async_unsafe"),
    },
    "gunicorn.debug": (),
    "gunicorn.http.message": {"Message", "Request"},  # gunicorn's own parser
    "gunicorn.http.parser": {"RequestParser"},
    "gunicorn.http.wsgi": {"Response", "default_environ"},
    "html": (),  # gunicorn's own error pages
    "http.client": (),  # sources of services
    "http.cookiejar": {"Cookie"},  # Falcon's types
    "ipaddress": {"ip_address", "ip_network"},  # servers whose addresses change
    "importlib.metadata": (),  # plugins that are installed
    "locale": (),  # programs that are read in the system's encoding
    "logging.config": {"dictConfig", "fileConfig"},  # gunicorn's settings of the log
    "logging.handlers": (),  # log lines sent to other servers, or into files
    "platform": (),  # what system this is
    "pickle": (),  # log lines sent to another Python
    "ssl": (),  # connections that are not plain
    "textwrap": (),  # groups of exceptions in tracebacks
    "tokenize": (),  # sources that are shown in tracebacks
    "uuid": {"UUID", "uuid4"},  # identifiers of entries of discovery
    "xml.etree.ElementTree": (),  # Falcon's errors in XML
    "zipfile": (),  # files of packages in archives
}
"""Modules that a server needs seldom or never, and what is taken from each before it is needed.

The comments say what for. Two of them keep `asyncio` away, which cannot stand here itself: while a
package loads its modules they take from it, so that none of them could be imported before it.
"""
_LOOKED_AT = {"__class__", "__path__", "__spec__"}
"""Attributes at which `import` and `isinstance` look."""


class PostponedModule(ModuleType):
    """A module that is loaded once something is taken from it; others wait while it is loaded.

    What it promises is taken without that: a stand-in that loads it when it is called.
    """

    def __getattribute__(self, name: str) -> Any:
        # Not by `super()`: another thread that loads the module may just have changed its class.
        get = ModuleType.__getattribute__
        if name in _LOOKED_AT:
            return get(self, name)
        loader = get(self, "__spec__").loader
        if isinstance(loader, _Postponing):
            if name in loader.lent:
                return loader.lent[name]
            if name in loader.promised:
                return _StandIn(self, name)
            loader.load(self)
        return get(self, name)


class _Postponing(Loader):
    """Makes a module as another loader does, and has that one load it later."""

    def __init__(self, name: str, loader: Loader, promised: Collection[str]) -> None:
        self._name, self._loader, self.promised = name, loader, promised
        self.lent: Mapping[str, object] = {}
        self._is_loading = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = PostponedModule

    def load(self, module: ModuleType) -> None:
        """Load the module, but where this thread is about to, or another has.

        The lock is the one under which `import` would load it: a lock beside would not be known to
        `import`, which sees when threads wait for each other's modules.
        """
        lock = _get_module_lock(self._name)
        try:
            lock.acquire()
        except _DeadlockError:  # who loads it waits for this thread: it is taken as far as it is
            return
        try:
            if not self._is_loading and type(module) is not ModuleType:
                self._load(module)
        finally:
            lock.release()

    def _load(self, module: ModuleType) -> None:
        self._is_loading = True
        try:
            self._loader.exec_module(module)
            module.__class__ = ModuleType
            module.__loader__ = self._loader
            if module.__spec__ is not None:
                module.__spec__.loader = self._loader
        finally:
            self._is_loading = False


class _Finder:
    """Finds the modules that are to be postponed."""

    def __init__(self, modules: Mapping[str, Collection[str]]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Postponing(fullname, spec.loader, self._modules[fullname])
        return spec


class _StandIn:
    """Stands for a function or a class of a module, which is loaded when it is called.

    It is no function, which would be a method where it is put into a class.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module, self.__name__ = module, name

    def __call__(self, *given: Any, **named: Any) -> Any:
        return vars(self._module)[self.__name__](*given, **named)  # `vars` has it loaded


@contextmanager
def lent(name: str, values: Mapping[str, object]) -> Iterator[None]:
    """Let values be taken from a module without loading it, while others are imported that do so.

    It is for what they take and do not use here.
    """
    spec = import_module(name).__spec__
    loader = None if spec is None else spec.loader
    if not isinstance(loader, _Postponing):  # it is loaded
        yield
        return
    loader.lent = values
    try:
        yield
    finally:
        loader.lent = {}


class TreeVisitor:
    """Stands for `ast.NodeVisitor` where a class inherits from it, and loads it for an object."""

    def __getattr__(self, name: str) -> Any:
        from ast import NodeVisitor

        return partial(getattr(NodeVisitor, name), self)


def postpone(modules: Mapping[str, Collection[str]]) -> None:
    """Let modules be imported from now on without being loaded; those that nobody has imported yet.

    What each promises can be taken from it without loading it, too.
    """
    sys.meta_path.insert(0, _Finder(modules))
