"""Whether a plugin fits the version of the contract that this server has, said in one sentence."""

import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from dataplane_core import PLUGIN_API

MODULE = "dataplane_core.plugin"
_STATED = re.compile(r"""^PLUGIN_API\s*(?::[^=\n]*)?=\s*["']([0-9.]{1,19})["']""", re.M)


def misfit(stated: object) -> str:
    """Return why a plugin that states a version does not fit the server; `""` if it fits.

    >>> misfit("1.0"), misfit("1.0.0")
    ('', "PLUGIN_API is '1.0.0' and has to be a version such as '1.4'")
    """
    match = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})", stated) if isinstance(stated, str) else None
    if match is None:
        return f"PLUGIN_API is {stated!r} and has to be a version such as {PLUGIN_API!r}"
    wanted, have = tuple(map(int, match.groups())), tuple(map(int, PLUGIN_API.split(".")))
    if wanted[0] == have[0] and wanted <= have:
        return ""
    remedy = "a newer server" if wanted > have else "a newer version of the plugin"
    return (
        f"it is written for version {stated} of {MODULE}, and this server has {PLUGIN_API}; "
        f"install {remedy}"
    )


def missing_name(error: BaseException, module: str) -> str:
    """Return why an import from the surface failed; `""` for any other error.

    `module` is the plugin's: what it states is read from its source, as it was not imported.
    """
    if not isinstance(error, ImportError) or error.name != MODULE:
        return ""
    stated = stated_in(module)
    if stated and (reason := misfit(stated)):
        return reason
    name = str(error).split("'")[1:2]
    written = f"is written for version {stated} and " if stated else ""
    return (
        f"it {written}imports {''.join(name)}, which version {PLUGIN_API} of {MODULE} does not "
        "have; install the version of the server that the plugin was written for"
    )


def stated_in(module: str) -> str:
    """Return the version that the source of a module states; `""` where none can be found.

    Nothing of the module is executed.
    """
    top, *inside = module.split(".")
    with suppress(Exception):  # a plugin may hide its source, or lie in an archive
        spec = find_spec(top)
        assert spec is not None and spec.origin is not None
        path = Path(spec.origin).parent.joinpath(*inside) if inside else Path(spec.origin)
        if inside:
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        found = _STATED.search(path.read_text("utf-8"))
        return found[1] if found else ""
    return ""
