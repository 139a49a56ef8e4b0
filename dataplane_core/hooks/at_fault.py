"""Find the plugin whose code an error comes from, such as a rule of a declaration of its own."""

import traceback

from dataplane_core.hooks.manager import Manager


def plugin_at_fault(error: BaseException, plugins: Manager) -> str:
    """Return the plugin of a third party in whose modules an error was raised; empty for none.

    Of several through which the error went, that is the innermost one.
    """
    packages = {
        point.module.partition(".")[0]: name
        for name, point in plugins.points.items()
        if name in plugins.foreign
    }
    found = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        found = packages.get(package, found)
    return found
