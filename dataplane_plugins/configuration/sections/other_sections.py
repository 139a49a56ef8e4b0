"""Sections that the interface has no objects for: they can be read, all lines as `x_unmanaged`."""

from dataplane_core.plugin import Model, Registry, impl


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the sections, to be read only."""
    registry.sections(
        "log_profiles",
        kind="log-profile",
        model=Model("log-profile"),
        operations=("list", "read"),
        versions=("v2",),
        schema="log_profile_section",
        title="LogProfileSection",
    )
    registry.single(
        "namespaces",
        kind="namespace_list",
        model=Model("namespace_list"),
        operations=("read",),
        schema="namespaces",
        title="Namespaces",
    )
