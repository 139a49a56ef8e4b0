"""What setup.py says that the server needs, read without building anything."""

import ast

from tests.harness.recorded import TOP


def _runtime() -> list[str]:
    tree = ast.parse((TOP / "setup.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RUNTIME":
            return [str(one) for one in ast.literal_eval(node.value)]
    raise AssertionError("setup.py names no RUNTIME")


RUNTIME = _runtime()
