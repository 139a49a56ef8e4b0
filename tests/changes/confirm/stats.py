"""Rows of `show stat`."""

from dataplane_plugins.changes.confirm.gate import Row


def server(backend: str, status: str) -> Row:
    return {"pxname": backend, "svname": "s", "status": status}


def answers(name: str, errors: int, fine: int, kind: str = "BACKEND") -> list[Row]:
    return [{"pxname": name, "svname": kind, "status": "UP", "hrsp_5xx": str(errors), "hrsp_2xx": str(fine)}]
