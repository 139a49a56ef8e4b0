"""The reference of the contract with plugins, made of signatures and docstrings.

    python -m tests.docs.reference --write

writes docs/reference; without `--write` it says which pages are not what would be made. What a
page says is changed where it stands: in the docstring of the hook, the class or the function.
"""

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "docs" / "reference"
Defined = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.Module
MADE = "<!-- Made by `python -m tests.docs.reference --write` of the docstrings; change these. -->"


@dataclass(frozen=True)
class Page:
    """A page: its name, the module whose names it has, and what it is about."""

    name: str
    module: str
    title: str
    text: str


PAGES = (
    Page("hooks", "dataplane_core.hookspecs", "Hooks",
         "Every hook that a plugin can implement, in the order in which the server declares them: a function of this "
         "name, with the marker `impl`. Arguments that are not needed may be left out. "
         "[Writing a plugin](../plugins.md#the-hooks) says in which order hooks are called, and what the containment "
         "of a failure is."),
    Page("plugin", "dataplane_core.plugin", "What hooks are given, errors, and paths",
         "Names of `dataplane_core.plugin`: what hooks are given, what they raise, and what paths consist of that are "
         "no configuration."),
    Page("declarations", "dataplane_core.plugin.declarations", "Declarations",
         "Names of `dataplane_core.plugin`: sections, lines and their words, the properties that they say, and names "
         "in them."),
    Page("files", "dataplane_core.plugin.files", "Changes, versions, files and HAProxy",
         "Names of `dataplane_core.plugin`: what a plugin works with while the server runs."),
    Page("testing", "dataplane_core.testing", "Testing helpers",
         "Names of `dataplane_core.testing`, and what the server brings for pytest."),
)  # fmt: skip
OWN_HOOKS = "dataplane_plugins.discovery.routes"
"""The module of the hook that is no hook of the server itself."""
NAMED = "dataplane_core.resources.named"
"""The module of what every declaration of a collection may say."""
PYTEST = "dataplane_core.testing.pytest_plugin"


@lru_cache
def parsed(module: str) -> ast.Module:
    path = TOP / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


@lru_cache
def source(module: str) -> str:
    path = TOP / module.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")


def topics(module: str) -> Iterator[tuple[str, list[str]]]:
    """The names that a module gives, below the comments of its `__all__`."""
    found: list[tuple[str, list[str]]] = []
    for line in source(module).partition("__all__ = [\n")[2].partition("\n]")[0].splitlines():
        if line.strip().startswith("#"):
            found.append((line.strip("# ."), []))
        else:
            found[-1][1].extend(re.findall(r'"(\w+)"', line))
    yield from found


def resolved(module: str, name: str) -> tuple[str, Defined, str]:
    """Where a name is defined, how, and the text behind it, if it is no function and no class."""
    tree = parsed(module)
    body = [one for node in tree.body
            for one in ([*node.orelse, *node.body] if isinstance(node, ast.If) else [node])]  # fmt: skip
    for at, node in enumerate(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return module, node, ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in assigned(node):
            said = text_of(body[at + 1]) if at + 1 < len(body) else ""
            return module, node, said or sentence_in(node)
    for node in body:
        if isinstance(node, ast.ImportFrom) and (found := imported(node, name)) is not None:
            return found
    raise LookupError(f"{module} has no {name}")


def assigned(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {one.id for one in targets if isinstance(one, ast.Name)}


def imported(node: ast.ImportFrom, name: str) -> tuple[str, Defined, str] | None:
    """Where a name is defined that an import gives; None for another import."""
    home = node.module or ""
    if not home.startswith("dataplane_"):
        return None
    for alias in node.names:
        if (alias.asname or alias.name) == name:
            inside = f"{home}.{alias.name}"
            if (TOP / inside.replace(".", "/")).with_suffix(".py").is_file():
                return inside, parsed(inside), ast.get_docstring(parsed(inside)) or ""
            return resolved(home, alias.name)
        if alias.name == "*":
            try:
                return resolved(home, name)
            except LookupError:
                continue
    return None


def sentence_in(node: ast.AST) -> str:
    """The sentence of a parameter or a response: what it is made with says what it is."""
    found = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return max((one for one in found if one.endswith(".")), key=len, default="")


def text_of(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return textwrap.dedent(node.value.value).strip()
    return ""


def arguments(node: ast.FunctionDef, *, method: bool = False) -> str:
    """The arguments as they are written, without `self`, on one line."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    written = [argument(one, default) for one, default in zip(positional, defaults, strict=True)]
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)
    if method and not static:
        del written[0]
    if given.vararg is not None:
        written.append("*" + argument(given.vararg, None))
    elif given.kwonlyargs:
        written.append("*")
    written += [argument(one, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg is not None:
        written.append("**" + argument(given.kwarg, None))
    return unquoted(", ".join(written))


def argument(one: ast.arg, default: ast.expr | None) -> str:
    """An argument with its annotation and its default, with blanks as the source has them."""
    if default is None:
        return ast.unparse(one)
    return f"{ast.unparse(one)}{' = ' if one.annotation else '='}{ast.unparse(default)}"


def unquoted(text: str) -> str:
    """Annotations without the quotes that postpone them."""
    return re.sub(r"(?<=[:>|\[] )'([\w\[\], .|]+)'|(?<=: )'([\w\[\], .|]+)'", lambda found: found[1] or found[2], text)


def returned(node: ast.FunctionDef) -> str:
    return unquoted(f" -> {ast.unparse(node.returns)}") if node.returns is not None else ""


def is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(one) for one in node.decorator_list)


def constructor(node: ast.ClassDef) -> str:
    """What a class is made with; nothing for one that says nothing of it."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return f"({arguments(one, method=True)})"
    if is_dataclass(node):
        fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and not ast.unparse(one.target).startswith("_")]
        return f"({unquoted(', '.join(map(ast.unparse, fields)))})"
    return ""


def signature(name: str, node: Defined, home: str) -> str:
    """The lines of a code block that says what a name is."""
    if isinstance(node, ast.Module):
        return f"{name}  # a module"
    if isinstance(node, ast.FunctionDef):
        return wrapped(f"{name}({arguments(node)}){returned(node)}")
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(one) for one in node.bases)
        text = wrapped(f"class {name}{constructor(node)}") + (f"  # a {bases}" if bases else "")
        if not is_dataclass(node):
            lines = source(home).splitlines()  # with the comments behind values
            values = [lines[one.lineno - 1].strip() for one in node.body
                      if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
                      and not ast.unparse(one.targets[0]).startswith("_")]  # fmt: skip
            text += "".join(f"\n    {one}" for one in values)
        return text
    text = ast.unparse(node)
    return wrapped(text) if len(text) < 200 else wrapped(text.partition(" = ")[0] + " = …")


def wrapped(text: str) -> str:
    return textwrap.fill(text, 110, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def prose(text: str) -> str:
    """A docstring in Markdown: what is indented, or is a session of Python, is code."""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip("\n")) if text.strip() else ():
        lines = part.splitlines()
        if lines[0].startswith((">>>", "    ", "@")):
            parts.append("```python\n" + textwrap.dedent(part) + "\n```")
        else:
            parts.append(part)
    return "\n\n".join(parts).replace("```\n\n```python\n", "\n")


def members(node: ast.ClassDef) -> Iterator[str]:
    """What others may call or read of an object: methods, and what looks like a field."""
    for at, one in enumerate(node.body):
        if isinstance(one, ast.AnnAssign) and not is_dataclass(node) and (said := text_of(node.body[at + 1]) if at + 1 < len(node.body) else ""):
            yield item(unquoted(ast.unparse(one).partition(" = ")[0]), said)
        if not isinstance(one, ast.FunctionDef) or one.name.startswith("_"):
            continue
        named = {ast.unparse(decorator) for decorator in one.decorator_list}
        is_property = any(word.endswith("property") for word in named)
        if any(word.endswith((".setter", "overload")) for word in named):
            continue
        if not ast.get_docstring(one):
            continue  # what a base class, or Falcon, says of it
        call = one.name if is_property else f"{one.name}({arguments(one, method=True)})"
        yield item(call + returned(one), ast.get_docstring(one) or "")


def words_of(node: ast.ClassDef) -> Iterator[str]:
    """What stands for `**named`, where a class has methods that take it."""
    if "Unpack[Named]" in ast.unparse(node):
        _, base, _ = resolved(NAMED, "Words")
        _, named, text = resolved(NAMED, "Named")
        assert isinstance(base, ast.ClassDef) and isinstance(named, ast.ClassDef)
        fields = [ast.unparse(one) for one in (*base.body, *named.body) if isinstance(one, ast.AnnAssign)]
        yield item("**named", text + "\n\n" + "\n".join(f"    {one}" for one in fields))


def contents(node: ast.Module) -> Iterator[str]:
    """What a module gives: functions and constants that have a text."""
    for one, behind in zip(node.body, [*node.body[1:], node], strict=True):
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
            yield item(f"{one.name}({arguments(one)}){returned(one)}", ast.get_docstring(one) or "")
        elif isinstance(one, ast.Assign) and isinstance(behind, ast.stmt) and (said := text_of(behind)):
            yield item(ast.unparse(one.targets[0]), said)


def item(call: str, text: str) -> str:
    """An item of a list: the call, and the whole docstring indented below it."""
    said = prose(text)
    if not said:
        return f"* `{call}`"
    return f"* `{call}`\n\n" + textwrap.indent(said, "  ")


def entry(name: str, node: Defined, text: str, home: str) -> str:
    parts = [f"### `{name}`", f"```python\n{signature(name, node, home)}\n```", prose(text)]
    if isinstance(node, ast.ClassDef):
        parts += members(node)
        parts += words_of(node)
    if isinstance(node, ast.Module):
        parts += contents(node)
    return "\n\n".join(part for part in parts if part)


def hook_entry(module: str, node: ast.FunctionDef) -> str:
    """A hook: heading with its arguments, signature, what a failure does, text."""
    names = ", ".join(one.arg for one in node.args.args)
    said = ast.unparse(next(one for one in node.decorator_list if ast.unparse(one).startswith("hookspec")))
    failure = re.search(r"Failure\.(\w+)", said)
    assert failure is not None
    terms = [FAILURES[failure[1]]]
    terms += ["The first answer that is not None ends the question."] if "firstresult=True" in said else []
    terms += ["There is no time limit."] if "limited=False" in said else ["`dataplane.hook_timeout` limits its time."]
    return "\n\n".join([
        f"### `{node.name}({names})`",
        f"```python\n{signature(node.name, node, module)}\n```",
        prose(ast.get_docstring(node) or ""),
        "*Failure:* " + " ".join(terms),
    ])  # fmt: skip


FAILURES = {
    "STOPS": "the server starts without the plugin, or with `plugins_strict` not at all.",
    "REFUSES": "the one request is refused, with the plugin's name.",
    "RELOADS": "the change stands in the file, and HAProxy is reloaded.",
    "CONTAINED": "the log and `dataplane status` say so; nothing else happens.",
    "SHOWN": "one line of the overview says so.",
}
"""What the failure of an implementation does, by the name in `Failure`."""


def hooks_of(module: str) -> list[ast.FunctionDef]:
    return [one for one in parsed(module).body if isinstance(one, ast.FunctionDef) and one.name.startswith("dataplane_")
            and any(ast.unparse(word).startswith("hookspec") for word in one.decorator_list)]  # fmt: skip


def body_of(page: Page) -> Iterator[str]:
    if page.name == "hooks":
        for node in hooks_of(page.module):
            yield hook_entry(page.module, node)
        yield "## A hook of the plugin discovery.routes"
        for node in hooks_of(OWN_HOOKS):
            yield hook_entry(OWN_HOOKS, node)
        return
    for topic, names in topics(page.module):
        yield f"## {topic}"
        for name in names:
            home, node, text = resolved(page.module, name)
            yield entry(name, node, text, home)
    if page.name == "testing":
        yield "## pytest"
        yield prose(ast.get_docstring(parsed(PYTEST)) or "")
        for node in parsed(PYTEST).body:
            if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(one) for one in node.decorator_list):
                what = unquoted(ast.unparse(node.returns)) if node.returns is not None else ""
                given = re.sub(r"^Iterator\[(.*)\]$", r"\1", what)
                yield f"### `{node.name}`\n\n" + f"A fixture: `{given}`\n\n" + prose(ast.get_docstring(node) or "")


def made() -> dict[Path, str]:
    """The text of each page."""
    pages = {}
    for page in PAGES:
        parts = [MADE, f"# {page.title}", "\n".join(textwrap.wrap(page.text, 110)), *body_of(page)]
        pages[FOLDER / f"{page.name}.md"] = "\n\n".join(parts).rstrip() + "\n"
    return pages


def stale() -> list[str]:
    """The pages that are not what would be made, and those that nothing makes."""
    pages = made()
    wrong = [path for path, text in pages.items() if not path.is_file() or path.read_text("utf-8") != text]
    return [path.name for path in (*wrong, *sorted({*FOLDER.glob("*")} - pages.keys()))]


def main() -> None:
    if "--write" in sys.argv[1:]:
        FOLDER.mkdir(exist_ok=True)
        for path, text in made().items():
            path.write_text(text, "utf-8")
    elif wrong := stale():
        sys.exit(f"not as it would be made: {', '.join(wrong)}; python -m tests.docs.reference --write")


if __name__ == "__main__":
    main()
