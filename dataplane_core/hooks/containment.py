"""Keep the failures of plugins from doing more than the hook that failed allows.

Every implementation of a hook runs behind a shield. What its failure does is stated beside the hook
itself (`hookspecs`): the start stops, the request is refused, or the failure is logged and
everybody else goes on. All of them name the plugin and the hook.
"""

import copy
import functools
import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextvars import ContextVar
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import DataplaneError, StartRefused
from dataplane_core.hooks.time_limit import TimeLimit, TooLate
from dataplane_core.hooks.watchdog import HookCall, Watchdog

log = logging.getLogger("dataplane.plugins")

PROJECT = "dataplane"
"""pluggy's name of the project; its marker on an implementation is `dataplane_impl`."""

REMEDY = "mend it, or name it in dataplane.block_plugins"
"""What can be done about a plugin that keeps the server from starting."""

_MARK = f"{PROJECT}_impl"
_caller: ContextVar[str] = ContextVar("plugin", default="")


class Failure(Enum):
    """What the failure of one plugin's hook does."""

    STOPS = "the server starts without the plugin, or not at all"
    REFUSES = "the request, or the change, is refused"
    RELOADS = "the failure is logged, and HAProxy is reloaded"
    CONTAINED = "the failure is logged"
    SHOWN = "whoever asked is shown the failure"


class PluginError(StartRefused):
    """A plugin that cannot be used; says which, where it failed, and what can be done.

    `plugins` are the names of those that it is about, the one to blame last.
    """

    def __init__(self, message: str, *plugins: str) -> None:
        super().__init__(message)
        self.plugins = plugins


class PluginFailed(DataplaneError):
    """A plugin that failed on one request; the log says how."""

    status = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure: the plugin's name, the hook's, and the error's type and message."""

    plugin: str
    hook: str
    reason: str

    def __str__(self) -> str:
        return f"the plugin {self.plugin} failed in {self.hook}"


@runtime_checkable
class Reloadable(Protocol):
    """An argument of a hook that can ask for a reload of HAProxy: a committed change."""

    def require_reload(self, reason: str) -> None:
        """Have HAProxy reloaded, for a reason that the log tells."""


Hook = Callable[..., Any]
OwnForm = Callable[[str, str, Any], Any]
"""Returns what a plugin is given for an argument, by the plugin's name and module.

The module is empty for a plugin that is installed, which its name tells from all others.
"""
Result = Callable[[Any], Any]
"""Makes sure that a hook returned what it should; raises TypeError, with a sentence, if not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the implementations of one hook.

    With `restores`, a dictionary among the arguments is as it was where an implementation failed.
    One that is `limited` has to return in time.
    """

    failure: Failure
    result: Result
    restores: bool = False
    limited: bool = True


def is_failure(error: BaseException) -> bool:
    """Tell whether an error is a plugin's, and not the wish of a person at a terminal to end."""
    if isinstance(error, KeyboardInterrupt):
        return threading.current_thread() is not threading.main_thread()
    return not isinstance(error, GeneratorExit)


def as_failure(error: BaseException) -> BaseException:
    """Return what is raised in the place of an error that would end a thread or the process."""
    return RuntimeError(f"raised {type(error).__name__}") if is_failure(error) else error


def plugin_at_work() -> str:
    """Return the name of the plugin whose hook is running in this thread; empty outside of one."""
    return _caller.get()


class Containment:
    """Shields the hooks of plugins, and reports their failures.

    `terms` are those of each hook, by its name. `on_fault` is called with each failure that does
    not stop the start, `own_form` for each argument of a hook of a third party.
    """

    def __init__(self, terms: dict[str, Terms]) -> None:
        self.on_fault: Callable[[Fault], object] = lambda fault: None
        self.own_form: OwnForm = lambda plugin, module, argument: argument
        self.watchdog = Watchdog(self._hangs)
        self.limit = TimeLimit()
        self._terms = terms

    def shield(self, plugin: object, name: str, *, foreign: bool, module: str = "") -> object:
        """Return an object that has the plugin's hooks, each behind a shield.

        Those of a `foreign` plugin have to return in time, and see their own form of what they are
        given; `module` is that of one which is not installed.
        """
        shielded = _Shielded(plugin, name)
        for attribute in dir(plugin):
            function = getattr(plugin, attribute, None)
            options = getattr(function, _MARK, None)
            if isinstance(options, dict) and callable(function):
                make = self._wrapper if options.get("wrapper") else self._plain
                terms = self._terms.get(attribute)
                if foreign:
                    function = self._with_own_forms(function, name, module)
                if terms is not None and terms.failure is not Failure.SHOWN:
                    in_time = foreign and terms.limited
                    function = make(function, name, attribute, terms, in_time)
                setattr(shielded, attribute, function)
        return shielded

    def _with_own_forms(self, function: Hook, plugin: str, module: str) -> Hook:
        from dataplane_core.hooks.own_forms import with_own_forms

        return with_own_forms(function, lambda one: self.own_form(plugin, module, one))

    def _watched(self, plugin: str, hook: str, function: Callable[[], Any]) -> Any:
        with self.watchdog.watching(plugin, hook):
            return function()

    def _limited(self, plugin: str, hook: str, function: Callable[[], Any]) -> Any:
        watched = functools.partial(self._watched, plugin, hook, function)
        return self.limit.call(plugin, hook, watched)

    def _plain(
        self, function: Hook, plugin: str, hook: str, terms: Terms, limited: bool
    ) -> Hook:
        @functools.wraps(function)
        def guarded(*arguments: Any) -> Any:
            token = _caller.set(plugin)
            given = copy.deepcopy(arguments) if terms.restores else arguments
            try:
                if limited:
                    result = self._limited(plugin, hook, lambda: terms.result(function(*given)))
                else:
                    with self.watchdog.watching(plugin, hook):
                        result = terms.result(function(*given))
                if terms.restores:
                    _take_over(arguments, given)
                return result
            except BaseException as error:
                if not is_failure(error):
                    raise
                self._failed(plugin, hook, terms.failure, error, arguments)
                return None
            finally:
                _caller.reset(token)

        return guarded

    def _wrapper(
        self, function: Hook, plugin: str, hook: str, terms: Terms, limited: bool
    ) -> Hook:
        """Shield a wrapper, which gets what the implementations inside of it have returned."""

        @functools.wraps(function)
        def guarded(*arguments: Any) -> Generator[None, Any, Any]:
            inner: list[Any] = []
            try:
                call = self._limited if limited else self._watched
                run = functools.partial(call, plugin, hook)
                return (yield from _seen(function(*arguments), inner, run))
            except BaseException as error:
                if not is_failure(error):
                    raise
                self._failed(plugin, hook, terms.failure, error, arguments)
                return inner[0] if inner else (yield)

        return guarded

    def _hangs(self, call: HookCall) -> None:
        reason = f"has not returned after {self.watchdog.seconds:g} s"
        self.on_fault(Fault(call.plugin, call.hook, reason))

    def _failed(
        self, plugin: str, hook: str, failure: Failure, error: BaseException, arguments: Any
    ) -> None:
        """Do what the failure of a hook does: raise, or report it and have no answer."""
        if isinstance(error, PluginError | PluginFailed):
            raise error  # those of another plugin's hook, inside of this one
        if failure is Failure.STOPS and isinstance(error, StartRefused):
            raise error
        if failure is Failure.REFUSES and isinstance(error, DataplaneError):
            raise error
        fault = Fault(plugin, hook, f"{type(error).__name__}: {error}".rstrip(": "))
        if failure is Failure.STOPS:
            both = (*getattr(error, "origins", ()), plugin)
            raise PluginError(f"{fault} ({fault.reason}); {REMEDY}", *both) from error
        log.error("%s", fault, exc_info=error)
        self.on_fault(fault)
        if failure is Failure.REFUSES and isinstance(error, TooLate):
            raise PluginFailed(f"{fault}: it {error}") from error
        if failure is Failure.REFUSES:
            raise PluginFailed(f"{fault}; the log says how") from error
        if failure is Failure.RELOADS:
            for change in arguments:
                if isinstance(change, Reloadable):
                    change.require_reload(f"{fault}: {fault.reason}")


def _take_over(arguments: Sequence[Any], given: Sequence[Any]) -> None:
    """Let the dictionaries among the arguments be what a hook has made of its own copies."""
    for now, made in zip(arguments, given, strict=True):
        if isinstance(now, dict):
            now.clear()
            now.update(made)


class _Shielded:
    """Stands for a plugin; whatever is no hook is the plugin's own."""

    def __init__(self, plugin: object, name: str) -> None:
        self._plugin = plugin
        self._name = name

    def __repr__(self) -> str:
        return self._name  # as pluggy's errors call the plugin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name)

    def __dir__(self) -> list[str]:
        return [name for name in self.__dict__ if name[0] != "_"]  # pluggy tries every name


def _seen(
    wrapper: Generator[None, Any, Any],
    inner: list[Any],
    run: Callable[[Callable[[], Any]], Any],
) -> Generator[None, Any, Any]:
    """Run a wrapper by `run`, but for what is inside of it, and keep what that has returned."""
    run(lambda: _begin(wrapper))
    try:
        result = yield
    except BaseException as error:
        raised = error
    else:
        inner.append(result)
        return run(lambda: _end(wrapper.send, result))
    return run(lambda: _end(wrapper.throw, raised))


def _begin(wrapper: Generator[None, Any, Any]) -> None:
    try:
        next(wrapper)
    except StopIteration:
        raise TypeError("a wrapper must yield once") from None


def _end(resume: Callable[[Any], object], with_: Any) -> Any:
    try:
        resume(with_)
    except StopIteration as stop:
        return stop.value
    raise TypeError("a wrapper must yield once")
