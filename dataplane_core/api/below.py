"""Responders whose parents stand in the query, served at paths that name these parents."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import falcon

from dataplane_core.api.operations import Operation, Parameter
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import InVersion

_METHODS = ("get", "post", "put", "delete")


def below(
    resource: object,
    operations: Mapping[str, Operation],
    parents: Mapping[str, str],
    fixed: Mapping[str, Any] | None = None,
) -> tuple[object, dict[str, Operation]]:
    """Return a resource and its operations for a path that names the parents of objects.

    The responders of `resource` read them from the query. `parents` has the parameter of the query
    for each parameter of the path; `fixed` are values of parameters that no request gives.
    """
    given = dict(fixed or {})
    if isinstance(resource, InVersion):
        make = resource.make
        served: object = InVersion(lambda view: _Below(make(view), parents, given))
    else:
        served = _Below(resource, parents, given)
    names = {query: path for path, query in parents.items()}
    moved = {
        method: replace(one, parameters=tuple(_moved(one, names, given)))
        for method, one in operations.items()
    }
    return served, moved


def _moved(
    one: Operation, names: Mapping[str, str], fixed: Mapping[str, Any]
) -> Iterator[Parameter]:
    """Yield an operation's parameters, those that `names` renames in the path."""
    for parameter in one.parameters:
        if parameter.where != "query" or parameter.name not in {*names, *fixed}:
            yield parameter
        elif parameter.name in names:
            yield replace(parameter, name=names[parameter.name], where="path")


class _Below:
    """A resource that finds its parents in the query, wherever the request names them."""

    def __init__(
        self, resource: object, parents: Mapping[str, str], fixed: Mapping[str, Any]
    ) -> None:
        self._parents = dict(parents)
        self._fixed = fixed
        for name in (*(f"on_{method}" for method in _METHODS), "shown"):
            respond = getattr(resource, name, None)
            if respond is not None:
                setattr(self, name, self._behind(respond))

    def _behind(self, respond: Callable[..., Any]) -> Callable[..., Any]:
        def responder(req: ApiRequest, *rest: falcon.Response, **named: Any) -> Any:
            above = {query: named.pop(path) for path, query in self._parents.items()}
            req.query = {**req.query, **self._fixed, **above}
            return respond(req, *rest, **named)

        return responder
