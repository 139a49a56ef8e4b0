"""`http-errors` sections: answers that proxies can share (manual, section 12.4)."""

from collections.abc import Iterator
from dataclasses import replace

from dataplane_core.plugin import BadRequest, Code, Model, Problem, Registry, Values, impl
from dataplane_plugins.configuration.common.error_files import error_files

NAME = r"^[A-Za-z0-9-_]+$"


class HTTPErrorsModel(Model):
    """A section of `errorfile` lines alone.

    The interface answers 400, not 422, to an entry that lacks a property.
    """

    def problems(self, values: Values) -> Iterator[Problem]:
        for problem in super().problems(values):
            lacks = problem.code == Code.REQUIRED
            yield replace(problem, code=BadRequest.status) if lacks else problem


HTTP_ERRORS = HTTPErrorsModel("http_errors_section", error_files(required=True))


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `http-errors` sections."""
    registry.sections(
        "http_errors_sections",
        kind="http-errors",
        idle=True,
        model=HTTP_ERRORS,
        key_pattern=NAME,
        title="HTTPErrorsSection",
        tag="HTTPErrors",
        help="Sets of error pages.",
    )
