"""`defaults` sections: all of them as `named_defaults`, the last one as `defaults`."""

from dataplane_core.plugin import Model, Registry, impl
from dataplane_plugins.configuration.proxies.health_checks import CHECK_PARAMETERS
from dataplane_plugins.configuration.proxies.section_kinds import ANNOTATED, statements_of
from dataplane_plugins.configuration.proxies.section_kinds import DEFAULTS as KIND
from dataplane_plugins.configuration.proxies.statements import PROXY_STATEMENTS

DEFAULTS = Model(
    "defaults",
    *statements_of(KIND, PROXY_STATEMENTS),
    empty=CHECK_PARAMETERS,
    annotated=ANNOTATED[:-1],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the last `defaults` section as one object, and all of them as a list.

    A section without a name is addressed by a made-up one, `unnamed_defaults_1` and so on.
    """
    registry.single(
        "defaults",
        kind=KIND,
        model=DEFAULTS,
        last=True,
        creates=False,
        versions=("v1", "v2"),
        schema="defaults",
        title="Defaults",
        help="What proxies are set to where they say nothing themselves.",
    )
    registry.sections(
        "named_defaults",
        kind=KIND,
        model=DEFAULTS,
        idle=True,
        unnamed="unnamed_defaults_",
        versions=("v2", "v3"),
        names={"v3": "defaults"},
        schema="defaults",
        schemas="defaults_sections",
        title="DefaultsSection",
        titles="DefaultsSections",
        tag="Defaults",
        otherwise={
            "v3": {
                "operations": ("list", "create", "put_new", "read", "replace", "delete"),
                "operation_ids": {
                    "create": "addDefaultsSection",
                    "put_new": "createDefaultsSection",
                },
            }
        },
        help="What proxies are set to where they say nothing themselves.",
    )
