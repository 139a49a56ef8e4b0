"""Settings of the server: one table, read from flags, environment, a file and defaults."""

from dataplane_core.settings.dataplane import DataplaneSettings
from dataplane_core.settings.dataplaneapi import (
    DataplaneapiSettings,
    ResourcesSettings,
    TlsSettings,
    TransactionSettings,
    UserlistSettings,
    UserSettings,
)
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
    "TransactionSettings",
    "UserSettings",
    "UserlistSettings",
    "load",
]
