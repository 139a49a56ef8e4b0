"""Settings of the server: one table, read from flags, environment, a file and defaults."""

from dataplane_core.settings.balancer import Haproxy, Reload
from dataplane_core.settings.load import load
from dataplane_core.settings.logs import Log, LogTarget, Syslog
from dataplane_core.settings.own import Dataplane
from dataplane_core.settings.problems import SettingsError, SettingsProblem
from dataplane_core.settings.server import Dataplaneapi, Resources, Tls, Transaction, User, Userlist
from dataplane_core.settings.tree import Cluster, ServiceDiscovery, Settings

__all__ = [
    "Cluster",
    "Dataplane",
    "Dataplaneapi",
    "Haproxy",
    "Log",
    "LogTarget",
    "SettingsProblem",
    "Reload",
    "Resources",
    "ServiceDiscovery",
    "Settings",
    "SettingsError",
    "Syslog",
    "Tls",
    "Transaction",
    "User",
    "Userlist",
    "load",
]
