"""Put the log targets of the settings in force, at the start and at each SIGHUP."""

import logging
import logging.handlers
import os
import sys
from contextlib import suppress

from dataplane_core.logs.apache import AccessRecord, compile_format
from dataplane_core.logs.formats import SyslogFormatter, TextFormatter
from dataplane_core.logs.syslog import SyslogHandler
from dataplane_core.settings import LogTarget, Settings, SettingsError

log = logging.getLogger("dataplane.log")
ACCESS = logging.getLogger("dataplane.access")
_LEVELS = {
    "trace": logging.DEBUG, "debug": logging.DEBUG, "info": logging.INFO, "notice": logging.INFO,
    "warning": logging.WARNING, "warn": logging.WARNING, "error": logging.ERROR,
    "fatal": logging.CRITICAL, "critical": logging.CRITICAL, "panic": logging.CRITICAL,
    "alert": logging.CRITICAL, "emergency": logging.CRITICAL,
}  # fmt: skip
_OURS = "dataplane_target"


def configure(settings: Settings) -> None:
    """Send the log where the settings say.

    Raises `SettingsError` when a file cannot be opened; the log stays as it was then.
    """
    opened = [(key, one, _handler(settings, key, one)) for key, one in settings.logs()]
    handlers = [(target, handler) for _, target, handler in opened]
    root = logging.getLogger()
    for logger, kind in ((root, "app"), (ACCESS, "access")):
        for handler in [one for one in logger.handlers if hasattr(one, _OURS)]:
            logger.removeHandler(handler)
            handler.close()
        wanted = [handler for target, handler in handlers if kind in target.log_types]
        for handler in wanted:
            logger.addHandler(handler)
        logger.setLevel(min((one.level for one in wanted), default=logging.CRITICAL + 1))
    ACCESS.propagate = False
    logging.captureWarnings(True)
    _tell_unreachable(settings, opened)


def _tell_unreachable(
    settings: Settings, opened: list[tuple[str, LogTarget, logging.Handler]]
) -> None:
    """Warn of syslog servers that cannot be reached, on standard error if no other log is left."""
    problems, heard = [], False
    for key, target, handler in opened:
        fault = handler.fault() if isinstance(handler, SyslogHandler) else ""
        if isinstance(handler, SyslogHandler) and fault:
            what = f"{handler.address} cannot be reached: {fault}; its lines are lost until it can"
            problems.append(settings.problem(f"{key}.syslog.syslog_address", what))
        else:
            heard = heard or "app" in target.log_types
    for problem in problems:
        log.warning("%s", problem)
        if not heard:
            print(problem, file=sys.stderr)


def is_logged(status: int) -> bool:
    """Return whether the access log has requests that were answered with a status."""
    return ACCESS.isEnabledFor(_access_level(status))


def log_access(access: AccessRecord) -> None:
    """Write one request to the access log, at the level `error` for statuses from 500."""
    level = _access_level(access.status)
    if ACCESS.isEnabledFor(level):
        ACCESS.log(level, "%s", access.uri, extra={"access": access})


def _access_level(status: int) -> int:
    return logging.ERROR if status >= 500 else logging.INFO


def give_files_to(uid: int, gid: int) -> None:
    """Let a user own the log files that are open, before the process becomes that user."""
    for logger in (logging.getLogger(), ACCESS):
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler) and hasattr(handler, _OURS):
                with suppress(OSError):
                    os.chown(handler.baseFilename, uid, gid)


def _handler(settings: Settings, key: str, target: LogTarget) -> logging.Handler:
    level = _LEVELS[target.log_level]
    traces = level <= logging.DEBUG
    form: logging.Formatter
    handler: logging.Handler
    if target.log_format == "json":
        from dataplane_core.logs.json_lines import JsonLines

        form = JsonLines(traces)
    else:
        form = TextFormatter(compile_format(target.apache_common_log_format), traces)
    if target.log_to == "syslog":
        syslog = target.syslog
        level = max(level, _LEVELS[syslog.syslog_level])
        facility = logging.handlers.SysLogHandler.facility_names[syslog.syslog_facility]
        handler = SyslogHandler(syslog.syslog_address, syslog.syslog_protocol)
        form = SyslogFormatter(form, facility, syslog.syslog_tag, modern=handler.over_tcp)
    elif target.log_to == "file":
        handler = _file(settings, f"{key}.log_file", target.log_file)
    else:
        handler = logging.StreamHandler(sys.stdout)
    handler.setLevel(level)
    handler.setFormatter(form)
    setattr(handler, _OURS, True)
    return handler


def _file(settings: Settings, key: str, path: str) -> logging.Handler:
    """Open a log file, and make its folder; the handler notices when the file was rotated away."""
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        return logging.handlers.WatchedFileHandler(
            path, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        fault = f"{path} cannot be written: {error.strerror}"
        raise SettingsError((settings.problem(key, fault),)) from None
