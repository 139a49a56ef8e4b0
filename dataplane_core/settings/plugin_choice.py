"""Judge what the settings say of plugins: which are loaded, and which are required."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from dataplane_core.settings.plugin_blocks import PREFIX, block_name, broken_blocks
from dataplane_core.settings.problems import SettingsProblem
from dataplane_core.settings.tree import Settings

_BLOCK, _ONLY = "dataplane.block_plugins", "dataplane.plugins.only"
_REQUIRED = "dataplane.plugins.required"


def wrong_choices(settings: Settings, known: Collection[str]) -> Iterator[SettingsProblem]:
    """Yield what is wrong with the names of plugins in the settings; `known` are all there are.

    What `block_plugins` was to leave out would be loaded if its name is misspelt.
    """
    choice, blocked = settings.dataplane.plugins, settings.dataplane.block_plugins
    for key, names in ((_BLOCK, blocked), (_ONLY, choice.only), (_REQUIRED, choice.required)):
        for name in names:
            if name not in known:
                yield settings.problem(key, _unknown(name, known))
    for name in choice.required:
        if name in blocked:
            yield settings.problem(_REQUIRED, f"names {name}, and so does {_BLOCK}")
        elif choice.only and name in known and name not in choice.only:
            yield settings.problem(_REQUIRED, f"names {name}, which {_ONLY} leaves out")


def _unknown(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    names = "names are those of the server's own modules, as service.docs, and of entry points"
    remedy = f"did you mean {near[0]}?" if near else names
    return f"there is no plugin {name}; {remedy}"


def required_plugins(settings: Settings, names: Collection[str]) -> dict[str, str]:
    """Return those of some plugins without which the server does not start; a clause says why.

    Who gives settings to a plugin counts on what it does, such as to say who may do what.
    """
    given, found = settings.given_blocks(), dict[str, str]()
    for name in names:
        block = block_name(name)
        if name in settings.dataplane.plugins.required:
            found[name] = f"which {_REQUIRED} names"
        elif block in given:
            found[name] = f"whose settings are given: {PREFIX}{block} ({given[block]})"
    return found


def unusable_settings(names: Collection[str]) -> dict[str, str]:
    """Return those of some plugins whose blocks cannot be loaded, each with a sentence."""
    broken = broken_blocks()
    return {name: broken[block] for name in names if (block := block_name(name)) in broken}
