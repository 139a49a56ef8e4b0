"""`http-errors` sections: answers that proxies can share (manual, section 3.8)."""

from dataplane_core import impl
from dataplane_core.grammar import Model
from dataplane_core.registry import Registry
from dataplane_plugins.configuration.tables.answers import error_files

NAME = r"^[A-Za-z0-9-_]+$"

HTTP_ERRORS = Model("http_errors_section", error_files(required=True))


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the sections."""
    registry.sections(
        "http_errors_sections",
        kind="http-errors",
        model=HTTP_ERRORS,
        key_pattern=NAME,
        title="HTTPErrorsSection",
        tag="HTTPErrors",
    )
