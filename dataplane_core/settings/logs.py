"""Settings of the log: the list `log_targets`, and the block `log` of the old form.

An access format is compiled to see whether it is right, so this package stands above `logs`.
"""

from dataclasses import field

from dataplane_core.dataclass import dataclass
from dataplane_core.logs.apache import compile_format
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import PATH, TEXT, ValueKind, one_of, several

_LEVEL = one_of("trace", "debug", "info", "warning", "warn", "error", "fatal", "panic")
_TO = one_of("stdout", "file", "syslog")
_FORMAT = one_of("text", "json")
_COMMON = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i" %{us}T'
_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", *(f"local{number}" for number in range(8)),
)  # fmt: skip
_SYSLOG_LEVELS = (
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
)  # fmt: skip


def _access_format(value: str) -> str:
    compile_format(TEXT.parse(value))
    return value


_ACCESS_FORMAT = ValueKind("access format", _access_format)


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """The server that takes a target's lines when `log_to` is `syslog`."""

    syslog_address: str = setting(
        "", TEXT,
        "`host:port` of the syslog server, or the path of its socket; empty: `/dev/log`, the one "
        "of this machine.",
        flag="--syslog-address",
    )  # fmt: skip
    syslog_protocol: str = setting(
        "tcp", one_of("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram"),
        "How a host is reached; a path is always a datagram socket. TCP carries RFC 5424, all "
        "others RFC 3164.",
        flag="--syslog-protocol",
    )  # fmt: skip
    syslog_tag: str = setting(
        "dataplaneapi", TEXT, "Name of the application in each line.", flag="--syslog-tag"
    )
    syslog_level: str = setting(
        "debug", one_of(*_SYSLOG_LEVELS), "Lines below this level are not sent.",
        flag="--syslog-level",
    )  # fmt: skip
    syslog_facility: str = setting(
        "local0", one_of(*_FACILITIES), "Facility of each line.", flag="--syslog-facility"
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The one log of the old form; it is not looked at when `log_targets` are given."""

    log_to: str = setting("stdout", _TO, "Where the log goes.", flag="--log-to")
    log_file: str = setting(
        "/var/log/dataplaneapi/dataplaneapi.log", PATH, "The file, for `log_to` file.",
        flag="--log-file",
    )  # fmt: skip
    log_level: str = setting(
        "warning", _LEVEL, "Lines below this level are left out.", flag="--log-level"
    )
    log_format: str = setting("text", _FORMAT, "Form of the lines.", flag="--log-format")
    apache_common_log_format: str = setting(
        _COMMON, _ACCESS_FORMAT, "Form of the access lines, in Apache's notation.",
        flag="--apache-common-log-format",
    )  # fmt: skip
    syslog: SyslogSettings = field(default_factory=SyslogSettings)


@dataclass(frozen=True, slots=True)
class LogTarget:
    """One of several logs, each with its own place, form, level and kinds of lines."""

    log_to: str = setting("stdout", _TO, "Where this log goes.")
    log_file: str = setting(
        "/var/log/dataplaneapi/dataplaneapi.log", PATH, "The file, for `log_to` file."
    )
    log_level: str = setting("warning", _LEVEL, "Lines below this level are left out.")
    log_format: str = setting("text", _FORMAT, "Form of the lines.")
    log_types: tuple[str, ...] = setting(
        ("access", "app"), several(one_of("access", "app")),
        "Requests (`access`), what the server itself has to say (`app`), or both.",
    )  # fmt: skip
    apache_common_log_format: str = setting(
        _COMMON, _ACCESS_FORMAT, "Form of the access lines, in Apache's notation."
    )
    syslog: SyslogSettings = field(default_factory=SyslogSettings)
