"""Compile sources to the same bytes each time, and to less than they say: run as a program.

The build starts it with one seed of hashes, so that frozen sets have one order, and without columns
in the tables of lines. What no part of the server asks for at run time is left out of the code, as
it would stay in the memory of each process: docstrings, but those that a command shows; the
annotations of functions, and of names that are no fields of a class; and asserts, which tell type
checkers what is so.
"""

import ast
import importlib.util
import marshal
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from types import CodeType

_SHOWN = ("dataplane_core/commands/", "click/")
"""Where docstrings are texts for people."""
_ASKED = ("cryptography/", "pydantic/", "attr/")
"""Where annotations of functions may be asked for."""
_UNCHECKED = (1).to_bytes(4, "little")
"""The form of compiled files that are by a digest of their source, which is not looked at."""


def compiled(sources: Mapping[str, bytes], python: str = sys.executable) -> dict[str, bytes]:
    """Return compiled files by the paths of their sources."""
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [python, "-s", "-W", "ignore", "-X", "no_debug_ranges", __file__]
    done = subprocess.run(
        command, input=pickle.dumps(dict(sources)), stdout=subprocess.PIPE, check=True, env=environ
    )
    result: dict[str, bytes] = pickle.loads(done.stdout)
    return result


class Shortened(ast.NodeTransformer):
    """Leaves out what is not asked for at run time."""

    def __init__(self, *, keeps_docstrings: bool, keeps_annotations: bool) -> None:
        self._docstrings, self._annotations = keeps_docstrings, keeps_annotations
        self._in_class = False

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Drop the docstring of a module."""
        return self.generic_visit(self._without_docstring(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Shorten the docstring of a class: `dataclass` writes a longer one where there is none."""
        if ast.get_docstring(node) is not None and not self._docstrings:
            node.body[0] = ast.copy_location(ast.Expr(ast.Constant(".")), node.body[0])
        before, self._in_class = self._in_class, True
        self.generic_visit(node)
        self._in_class = before
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Drop the docstring of a function, and its annotations."""
        self._without_docstring(node)
        if not self._annotations:
            node.returns = None
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            for one in every:
                if one is not None:
                    one.annotation = None
        before, self._in_class = self._in_class, False
        self.generic_visit(node)
        self._in_class = before
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Drop the annotation of a name that is no field of a class."""
        self.generic_visit(node)
        if self._in_class or self._annotations:
            return node
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def _without_docstring(self, node: ast.AST) -> ast.AST:
        if not self._docstrings and ast.get_docstring(node) is not None:
            first = node.body[0]
            node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), first)]
        return node


def compile_one(path: str, source: bytes) -> bytes:
    """Return a compiled file; its code tells of no folder of the build."""
    shortened = Shortened(
        keeps_docstrings=path.startswith(_SHOWN), keeps_annotations=path.startswith(_ASKED)
    )
    tree = ast.fix_missing_locations(shortened.visit(ast.parse(source)))
    code = with_short_names(compile(tree, path, "exec", dont_inherit=True, optimize=1))
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def with_short_names(code: CodeType) -> CodeType:
    """Return the code with names of inner functions that do not name the outer ones, too."""
    inner = [with_short_names(one) if isinstance(one, CodeType) else one for one in code.co_consts]
    name = code.co_name if "<locals>" in code.co_qualname else code.co_qualname
    return code.replace(co_consts=tuple(inner), co_qualname=name)


if __name__ == "__main__":
    given = pickle.load(sys.stdin.buffer)
    made = {}
    for path in sorted(given):
        try:
            made[path] = compile_one(path, given[path])
        except SyntaxError:  # a template or a test that a library brings
            continue
    sys.stdout.buffer.write(pickle.dumps(made))
