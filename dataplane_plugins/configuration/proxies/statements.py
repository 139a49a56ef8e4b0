"""The statements of proxies, in the order in which new lines are written.

Each is declared in the module of its topic, with the kinds of sections that take it.
"""

from dataplane_plugins.configuration.checks.http_checks import FIRST_CHECK
from dataplane_plugins.configuration.proxies import (
    balancing,
    compression,
    connection_mode,
    email_alerts,
    error_pages,
    forwarded_headers,
    identity,
    limits,
    logs,
    monitor,
    options,
    persistence,
    routing,
    since_3_0,
    stats,
    stick_tables,
    timeouts,
)
from dataplane_plugins.configuration.proxies import health_checks as health
from dataplane_plugins.configuration.proxies.section_kinds import BACK, ProxyStatements, taken_by
from dataplane_plugins.configuration.servers.params import default_server_statement

PROXY_STATEMENTS: ProxyStatements = (
    *identity.IDENTITY,
    *limits.LIMITS,
    *balancing.BALANCING,
    *limits.SESSIONS,
    *monitor.MONITOR,
    *persistence.EXCEPTIONS,
    *identity.BIND_PROCESS,
    *logs.LOG_FORMATS,
    *email_alerts.EMAIL_ALERTS,
    *connection_mode.CONNECTION_MODE,
    *options.HTX,
    *options.LOGGING,
    *options.BUFFERING,
    *options.KEEPALIVE,
    *forwarded_headers.FORWARDED,
    *options.ABORT,
    *persistence.REDISPATCH,
    *options.SPLICING,
    *options.EXTERNAL_CHECK,
    *options.SERVERS,
    *options.PROTOCOL,
    *forwarded_headers.HEADER_NAMES,
    *health.ADVANCED_CHECK,
    *taken_by(BACK, FIRST_CHECK),
    *health.EXTERNAL_CHECK,
    *balancing.REUSE,
    *timeouts.TIMEOUTS,
    *timeouts.TCP_KEEPALIVE,
    *compression.COMPRESSION,
    *stats.STATS,
    *persistence.COOKIE,
    *taken_by(BACK, default_server_statement()),
    *stick_tables.STICK_TABLE,
    *error_pages.ERROR_PAGES,
    *logs.CAPTURES,
    *logs.UNIQUE_ID,
    *routing.DEFAULT_BACKEND,
    *limits.CAPACITY,
    *balancing.CONNECTING,
    *persistence.PERSIST_RULE,
    *identity.GUID,
    *routing.REDIRECTS_AND_DISPATCH,
    *since_3_0.SINCE_3_0,
)
