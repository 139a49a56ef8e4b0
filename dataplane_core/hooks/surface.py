"""The version of the module that plugins import, and whether a plugin fits it."""

import re

MODULE = "dataplane_core.plugin"

API_VERSION = "1.2"
"""The version of `dataplane_core.plugin`, MAJOR.MINOR.

The minor number rises when something is added, the major one when something goes or changes its
meaning. A plugin may state the version that it was written for, as `PLUGIN_API = "1.0"` in its
module. It then fits a server with the same major number and the same or a higher minor one.
"""


def misfit(stated: object) -> str:
    """Return why a plugin that states a version does not fit the server; `""` if it fits.

    >>> misfit("1.0"), misfit("1.0.0")
    ('', "PLUGIN_API is '1.0.0' and has to be a version such as '1.2'")
    """
    match = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})", stated) if isinstance(stated, str) else None
    if match is None:
        return f"PLUGIN_API is {stated!r} and has to be a version such as {API_VERSION!r}"
    wanted, have = tuple(map(int, match.groups())), tuple(map(int, API_VERSION.split(".")))
    if wanted[0] == have[0] and wanted <= have:
        return ""
    remedy = "a newer server" if wanted > have else "a newer version of the plugin"
    return (
        f"it is written for version {stated} of {MODULE}, and this server has {API_VERSION}; "
        f"install {remedy}"
    )


def missing_name(error: BaseException) -> str:
    """Return why an import from the surface failed; `""` for any other error."""
    if not isinstance(error, ImportError) or error.name != MODULE:
        return ""
    name = str(error).split("'")[1:2]
    return (
        f"it imports {''.join(name)}, which version {API_VERSION} of {MODULE} does not have; "
        "install the version of the server that the plugin was written for"
    )
