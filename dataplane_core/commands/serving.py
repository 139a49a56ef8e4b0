"""`dataplane serve`, which is `dataplaneapi` too: the application, put into the server.

`dataplane_core.server` knows no application, and the application no server; they meet here. What
both need is imported by the functions that run them, as `--help` should not wait for it.
"""

import gc
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from dataplane_core.dataclass import compile_now
from dataplane_core.settings import Settings, SettingsError, SettingsProblem
from dataplane_core.settings.load import load_values

if TYPE_CHECKING:
    from dataplane_core.api.application import Application
    from dataplane_core.server.state import ServedApplication

log = logging.getLogger("dataplane.server")

_YOUNGEST = 0  # the generation of all that was made since `serve` has begun


def serve(given: Mapping[str, str]) -> None:
    """Serve the API until a signal ends it.

    `given` are the flags of the command line: texts by the path of the key.
    """
    # What the start makes stays: looking for garbage in it would take a fifth of the start.
    # The server begins to look when it is about to fork its workers.
    gc.disable()
    try:
        from dataplane_core.server import starting

        starting.serve(partial(load_values, given, os.environ), build)
    finally:
        gc.enable()


def build(settings: Settings) -> "ServedApplication":
    """Return the application with its background work, as the server takes both.

    What a crash left half done is finished first, and a warning is logged where nobody could log
    in. Raises `SettingsError` for a plugin that cannot be loaded, and `StorageFailed`.
    """
    from dataplane_core.auth.authenticator import Admission, Identity, nobody_may_log_in
    from dataplane_core.server.state import ServedApplication

    made = application(settings)
    services = made.services
    with services.state.shut_on_failure():
        services.recover()
        others = services.hooks.dataplane_authenticate.get_hookimpls()
        if not others and (warning := nobody_may_log_in(settings)):
            log.warning("%s", warning)
    compile_now(Admission, Identity)
    return ServedApplication(
        made, services.start, services.stop, services.state.shutdown, made.help, made.helped_by,
        rehearse,
    )  # fmt: skip


def rehearse(settings: Settings) -> None:
    """Raise what plugins of third parties would stop a start with, and keep nothing of it.

    It is what they do with settings and declarations; their routes need all the rest.
    """
    from dataplane_core.hooks.manager import LeftOut, installed
    from dataplane_core.services import OwnForms
    from dataplane_core.wiring import manager_of, register_collections, without_faulty_plugins

    def make(left_out: LeftOut) -> None:
        manager = manager_of(settings, None, left_out)
        manager.give_forms(OwnForms(settings))
        with manager.watchdog.at_work():
            manager.hook.dataplane_settings(settings=settings)
            register_collections(manager)

    if installed():
        without_faulty_plugins(settings, None, make)


@contextmanager
def thrown_away(settings: Settings) -> "Iterator[Application]":
    """Make the application with a state of its own that is thrown away, to look at it."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="dataplane-") as folder:
        yield application(settings.replace(**{"dataplane.state_dir": folder}))


def application(settings: Settings) -> "Application":
    """Return the application; a plugin that cannot be loaded is a `SettingsError`."""
    from dataplane_core.app import create_app
    from dataplane_core.hooks.containment import PluginError

    # Classes with slots are made of others, which are garbage now: what comes takes their room.
    gc.collect(_YOUNGEST)
    try:
        return create_app(settings)
    except PluginError as error:
        raise SettingsError((SettingsProblem("", "", str(error)),)) from None
