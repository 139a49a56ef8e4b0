"""The real application, in the form in which the server takes it."""

import logging
from typing import TYPE_CHECKING

from dataplane_core.auth.nobody import nobody_may_log_in
from dataplane_core.hooks.containment import PluginError
from dataplane_core.server.state import Served
from dataplane_core.settings import Settings, SettingsError, SettingsProblem

if TYPE_CHECKING:
    from dataplane_core.api.application import Application

log = logging.getLogger("dataplane.server")


def application(settings: Settings) -> "Application":
    """Return the application; a plugin that cannot be loaded is a SettingsError."""
    from dataplane_core.app import create_app

    try:
        return create_app(settings)
    except PluginError as error:
        raise SettingsError((SettingsProblem("", "", str(error)),)) from None


def build(settings: Settings) -> Served:
    """Return the application with its background work."""
    made = application(settings)
    services = made.services
    services.config.recover()
    others = services.hooks.dataplane_authenticate.get_hookimpls()
    if not others and (warning := nobody_may_log_in(settings)):
        log.warning("%s", warning)
    return Served(made, services.start, services.stop, services.state.shutdown)
