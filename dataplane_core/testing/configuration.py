"""A configuration with its state in a folder, and the server's parts on it, without HTTP."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dataplane_core.app import create_app
from dataplane_core.hooks.manager import own_plugins
from dataplane_core.resources.locate import row_name
from dataplane_core.services import Services
from dataplane_core.settings import Settings, UserSettings
from dataplane_core.store.change import Outcome
from dataplane_core.text import Document

USER, PASSWORD = "tester", "secret"


class TemporaryConfiguration:
    """A configuration file and its state in `folder`, with all parts of a server but its listener.

    The file is `folder`/haproxy.cfg, at first `text`. `plugins` are modules, objects with hooks, or
    paths of modules; the server's own plugins are loaded behind them, but for those named in
    `without`. A plugin that cannot be used raises `PluginError`. Changes are checked by the program
    `haproxy`, or by nobody where none is given; nothing is reloaded. `settings` are values by their
    dotted names. Used with `with`, it calls `dataplane_start` and `dataplane_stop`.

        with TemporaryConfiguration(tmp_path, "backend be\\n", [my_plugin]) as configuration:
            configuration.commit("backend be\\n  server s1 192.0.2.1\\n")
            assert configuration.rows("servers", "backend", "be")["s1"]["address"] == "192.0.2.1"
    """

    def __init__(
        self,
        folder: Path,
        text: str = "",
        plugins: Iterable[object] = (),
        *,
        without: Collection[str] = (),
        haproxy: Path | str | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "haproxy.cfg"
        self.file.write_text(text, "utf-8")
        given = {
            "haproxy.config_file": str(self.file),
            "haproxy.haproxy_bin": str(haproxy or "haproxy"),
            "haproxy.reload.validate_cmd": "" if haproxy else "true",
            "haproxy.reload.reload_cmd": "true",
            "haproxy.reload.restart_cmd": "true",
            "dataplane.state_dir": str(folder / "state"),
            "dataplaneapi.user": (UserSettings(USER, PASSWORD, True),),
            **(settings or {}),
        }
        own = (name for name in own_plugins() if name not in without)
        self.app = create_app(Settings.default().replace(**given), [*plugins, *own])

    def __enter__(self) -> Self:
        self.services.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.services.stop()
        self.services.state.shutdown()

    @property
    def services(self) -> Services:
        """The parts of the server, as hooks are given them."""
        return self.app.services

    @property
    def document(self) -> Document:
        """The configuration as it is now."""
        return self.services.config.snapshot().document

    @property
    def text(self) -> str:
        """The configuration file, without the server's own lines at its top."""
        lines = self.file.read_text("utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("# _version="))

    def commit(self, text: str) -> Outcome:
        """Make `text` the next version, as a client does that sends the whole file.

        All that takes part in a commit does: hooks, checks, the record of the version. Raises the
        error that a client would be answered with, such as `CheckFailed`.
        """
        config = self.services.config
        with config.edit(version=config.version(), skip_version=True) as edit:
            edit.document = Document.parse(text, self.services.registry.language)
        return edit.outcome

    def rows(self, collection: str, kind: str, name: str = "") -> dict[str, dict[str, Any]]:
        """Return the rows of a section as flat values, by their names, or places from "0" on.

        Raises LookupError where no plugin declares the rows, or there is no such section.
        """
        declared = self.services.registry.declared_rows(collection)
        section = self.document.find(kind, name)
        if declared is None or section is None:
            raise LookupError(f"there are no {collection} in {kind} {name}".rstrip())
        rows = declared.table.rows(section)
        keys = [str(at) if declared.indexed else row_name(declared, row) or ""
                for at, row in enumerate(rows)]  # fmt: skip
        return {key: dict(row.values) for key, row in zip(keys, rows, strict=True)}
