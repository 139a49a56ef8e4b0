"""Hold the settings as the rest of the server sees them: frozen dataclasses, one for each block.

Units are fixed: durations are seconds (float), sizes are bytes (int). Every attribute's name is
the key's name in a settings file, so `settings.haproxy.reload.reload_delay` is the key
`haproxy.reload.reload_delay`.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import field, fields, is_dataclass, replace
from typing import Any, Self, TypeVar

from dataplane_core.dataclass import dataclass
from dataplane_core.digests import sha256
from dataplane_core.settings.dataplane import DataplaneSettings
from dataplane_core.settings.dataplaneapi import DataplaneapiSettings
from dataplane_core.settings.fields import setting
from dataplane_core.settings.fleet import FleetSettings
from dataplane_core.settings.haproxy import HaproxySettings
from dataplane_core.settings.kinds import BOOLEAN, OBJECTS, PATH, PORT, TEXT, integer, one_of
from dataplane_core.settings.logs import LogSettings, LogTarget
from dataplane_core.settings.plugin_blocks import (
    PREFIX,
    PluginBlocks,
    plugin_blocks,
    without_secrets,
)
from dataplane_core.settings.problems import SettingsProblem

Block = TypeVar("Block")

_CLUSTER = "this server does not take part in cluster mode"


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Membership of a cluster: read, so that a file with it starts the server, and not used."""

    cluster_tls_dir: str = setting("", PATH, "Folder of its certificates.", unused=_CLUSTER)
    id: str = setting("", TEXT, "Id of the cluster.", unused=_CLUSTER)
    bootstrap_key: str = setting("", TEXT, "Key to join.", unused=_CLUSTER, secret=True)
    active_bootstrap_key: str = setting("", TEXT, "Key joined with.", unused=_CLUSTER, secret=True)
    token: str = setting("", TEXT, "Token of the cluster.", unused=_CLUSTER, secret=True)
    url: str = setting("", TEXT, "Address of the cluster.", unused=_CLUSTER)
    port: int = setting(0, PORT, "Port of the cluster.", unused=_CLUSTER)
    api_base_path: str = setting("", TEXT, "Base path of its API.", unused=_CLUSTER)
    api_nodes_path: str = setting("", TEXT, "Path of its nodes.", unused=_CLUSTER)
    api_register_path: str = setting("", TEXT, "Path to register at.", unused=_CLUSTER)
    storage_dir: str = setting("", PATH, "Folder of its files.", unused=_CLUSTER)
    cert_path: str = setting("", PATH, "Certificate of this node.", unused=_CLUSTER)
    cert_fetched: bool = setting(False, BOOLEAN, "The certificate is there.", unused=_CLUSTER)
    name: str = setting("", TEXT, "Name of the cluster.", unused=_CLUSTER)
    description: str = setting("", TEXT, "Description of the cluster.", unused=_CLUSTER)


@dataclass(frozen=True, slots=True)
class ServiceDiscoverySettings:
    """Discovery endpoints, each a mapping in the form that the API gives them."""

    consuls: tuple[Mapping[str, object], ...] = setting(
        (), OBJECTS, "Consul servers, as `/service_discovery/consul` has them.",
        secret=True,
    )  # fmt: skip
    aws_regions: tuple[Mapping[str, object], ...] = setting(
        (), OBJECTS, "AWS regions, as `/service_discovery/aws` has them.",
        secret=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings.

    `file` is the settings file, "" without one; `warnings` are sentences for the log. `places` has
    the place of every key that was set; entries of lists have their number in the key, which counts
    from 0 (`log_targets[0].log_file`).
    """

    config_version: int = setting(2, integer(1, 2), "Form of the settings file.")
    name: str = setting("", TEXT, "Name of this server.")
    mode: str = setting("single", one_of("single", "cluster"), "Always `single` here.")
    status: str = setting("", TEXT, "State in a cluster.", unused=_CLUSTER)
    dataplaneapi: DataplaneapiSettings = field(default_factory=DataplaneapiSettings)
    haproxy: HaproxySettings = field(default_factory=HaproxySettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    fleet: FleetSettings = field(default_factory=FleetSettings)
    service_discovery: ServiceDiscoverySettings = field(default_factory=ServiceDiscoverySettings)
    log_targets: tuple[LogTarget, ...] = ()
    log: LogSettings = field(default_factory=LogSettings)
    dataplane: DataplaneSettings = field(default_factory=DataplaneSettings)
    plugin_settings: PluginBlocks = field(default_factory=lambda: plugin_blocks()())
    file: str = ""
    warnings: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def default(cls) -> Self:
        """Return settings where nothing is given: the default of every key."""
        return cls()

    def replace(self, **values: object) -> Self:
        """Return a copy with some values changed, each named by its dotted path.

        `settings.replace(**{"haproxy.config_file": path})`: values are typed, not text, and may be
        `os.PathLike`. Raises `KeyError` with a path that does not exist.
        """
        result = self
        for path, value in values.items():
            plain = os.fspath(value) if isinstance(value, os.PathLike) else value
            result = _with(result, path.split("."), plain, path)
        return result

    def place(self, key: str) -> str:
        """Return where a key was set: file and line, flag or variable.

        For a key in a list's entry that was not set it is the place of the entry, for any other key
        that was not set the file.
        """
        found = self.places.get(key)
        while found is None and "[" in key:
            key = key[: max(key.rfind("."), key.rfind("["))]
            found = self.places.get(key)
        return self.file if found is None else found

    def logs(self) -> tuple[tuple[str, LogTarget], ...]:
        """Return the log targets in force, each with the key of its block."""
        if self.log_targets:
            return tuple((f"log_targets[{n}]", one) for n, one in enumerate(self.log_targets))
        old = self.log
        common = {item.name: getattr(old, item.name) for item in fields(old)}
        return (("log", LogTarget(**common)),)

    def block(self, kind: type[Block]) -> Block:
        """Return the block of settings that a plugin declares by a dataclass.

        It has its defaults where the plugin was not installed, but given to the application.
        """
        found = self.plugin_settings.blocks().values()
        return next((one for one in found if isinstance(one, kind)), None) or kind()

    def seen_by(self, plugin: str, module: str = "") -> Self:
        """Return what a plugin of a third party sees: its own block, and no secret of the server.

        `module` is that of a plugin which is not installed, but given to the application.
        """
        own = self.plugin_settings.owned_by(plugin, module)
        return replace(without_secrets(self.without_blocks(own)), warnings=())

    def without_blocks(self, kept: Collection[str] = ()) -> Self:
        """Return the settings without the blocks of plugins, but for those that are kept."""
        blocks = plugin_blocks()()
        mine = {name: one for name, one in self.plugin_settings.blocks().items() if name in kept}
        places = {
            key: place
            for key, place in self.places.items()
            if not key.startswith(PREFIX) or re.split(r"[.[]", key)[1] in kept
        }
        return replace(self, plugin_settings=replace(blocks, **mine), places=places)

    def given_blocks(self) -> dict[str, str]:
        """Return the blocks of plugins that are given, by name, each with its place."""
        defaults = plugin_blocks()().blocks()
        found = {
            name: self.place(f"{PREFIX}{name}")
            for name, one in self.plugin_settings.blocks().items()
            if one != defaults[name]
        }
        for key, place in self.places.items():
            if key.startswith(PREFIX):
                found.setdefault(re.split(r"[.[]", key)[1], place)
        return found

    def problem(self, key: str, message: str) -> SettingsProblem:
        """Return a problem with a key, at the place where the key was set."""
        return SettingsProblem(self.place(key), key, message)

    @property
    def state_dir(self) -> str:
        """Folder of the server's own state.

        The default is a folder for each configuration: servers of two configurations that share a
        `transaction_dir` must not mistake each other's reloads and versions for their own.
        """
        if self.dataplane.state_dir:
            return self.dataplane.state_dir
        beside = os.path.normpath(self.dataplaneapi.transaction.transaction_dir)
        configuration = os.path.realpath(self.haproxy.config_file)
        digest = sha256(os.fsencode(configuration))
        return f"{beside}-state-{digest[:8]}"


def _with(block: Any, path: list[str], value: object, whole: str) -> Any:
    name, *rest = path
    if not is_dataclass(block) or name not in {item.name for item in fields(block)}:
        raise KeyError(f"there is no setting {whole}")
    inner = _with(getattr(block, name), rest, value, whole) if rest else value
    return replace(block, **{name: inner})  # type: ignore[type-var]
