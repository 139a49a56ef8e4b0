"""The settings of the server: declared once, read from flags, environment, a file and defaults.

Each block of a settings file is a dataclass, in the module of the block's name (`haproxy`,
`dataplaneapi`, `dataplane`, `logs`; `tree` has the rest), and each of its fields one `setting(…)`.
`table` walks over these: flags, files, defaults, checks and the manual page all come from there.
`load` puts the places together; a file goes from its text to nodes (`yaml_file`,
`hcl_file`), and from nodes to values (`reader`). `rules` judges values together.
"""

from dataplane_core.settings import kinds as setting_kinds
from dataplane_core.settings.access import TokenSettings
from dataplane_core.settings.dataplane import DataplaneSettings
from dataplane_core.settings.dataplaneapi import (
    DataplaneapiSettings,
    ResourcesSettings,
    TlsSettings,
    TransactionSettings,
    UserlistSettings,
    UserSettings,
)
from dataplane_core.settings.fields import setting
from dataplane_core.settings.haproxy import HaproxySettings, ReloadSettings
from dataplane_core.settings.load import load
from dataplane_core.settings.logs import LogSettings, LogTarget, SyslogSettings
from dataplane_core.settings.problems import SettingsError, SettingsProblem
from dataplane_core.settings.tree import ClusterSettings, ServiceDiscoverySettings, Settings

__all__ = [
    "ClusterSettings",
    "DataplaneSettings",
    "DataplaneapiSettings",
    "HaproxySettings",
    "LogSettings",
    "LogTarget",
    "SettingsProblem",
    "ReloadSettings",
    "ResourcesSettings",
    "ServiceDiscoverySettings",
    "Settings",
    "SettingsError",
    "SyslogSettings",
    "TlsSettings",
    "TokenSettings",
    "TransactionSettings",
    "UserSettings",
    "UserlistSettings",
    "load",
    "setting",
    "setting_kinds",
]
