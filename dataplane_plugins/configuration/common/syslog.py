"""Words and limits of log messages (manual, sections 4.2 "log" and 8.1 "Log levels")."""

LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""Severities of messages, the most severe first."""

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2"),
    *("ftp", "ntp", "audit", "alert", "cron2"),
    *("local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
"""What a message can be said to come from (RFC 5424, section 6.2.1)."""

FORMATS = ("local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw")
"""Forms of a message's header."""

LENGTH = (80, 65535)
"""The least and the largest limit of a message's length, in bytes."""
