"""All statements that proxies share, in the order in which new lines are written."""

from dataplane_core.plugin import Prop, shared
from dataplane_plugins.configuration.checks.http_checks import CHECK
from dataplane_plugins.configuration.proxies import (
    balancing,
    compression,
    connection_mode,
    email_alerts,
    error_pages,
    forwarded_headers,
    options,
    persistence,
    proxy_basics,
    proxy_extras,
    stats,
    timeouts,
)
from dataplane_plugins.configuration.proxies import health_checks as health
from dataplane_plugins.configuration.proxies.section_kinds import BACK, ProxyStatements, taken_by
from dataplane_plugins.configuration.servers.params import default_server_statement

FIRST = Prop(
    "index", "integer", nullable=True, required=True, help="Place of the step; the first one, 0."
)

PROXY_STATEMENTS: ProxyStatements = (
    *proxy_basics.IDENTITY,
    *proxy_basics.LIMITS,
    *balancing.BALANCING,
    *proxy_extras.SESSIONS,
    *proxy_basics.MONITOR,
    *persistence.EXCEPTIONS,
    *proxy_basics.BIND_PROCESS,
    *proxy_basics.LOG_FORMATS,
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
    *taken_by(BACK, shared("http-check", CHECK, FIRST)),
    *health.EXTERNAL_CHECK,
    *balancing.REUSE,
    *timeouts.TIMEOUTS,
    *timeouts.TCP_KEEPALIVE,
    *compression.COMPRESSION,
    *stats.STATS,
    *persistence.COOKIE,
    *taken_by(BACK, default_server_statement()),
    *persistence.STICK_TABLE,
    *error_pages.ERROR_PAGES,
    *proxy_extras.CAPTURES,
    *proxy_basics.UNIQUE_ID,
    *proxy_basics.DEFAULT_BACKEND,
    *proxy_basics.CAPACITY,
    *balancing.CONNECTING,
    *persistence.PERSIST_RULE,
    *proxy_extras.TARGETS,
    *proxy_extras.LATER,
)
