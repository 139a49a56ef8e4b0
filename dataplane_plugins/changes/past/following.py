"""Look after the files of past versions in the background."""

from threading import Event

from dataplane_core.plugin import DataplaneError, Outage, Services

_RECOVER_SECONDS, _LOOKS = 1.0, 60
_SWEEP_LOOKS = 3600


def follow_files(services: Services, stop: Event) -> None:
    """Record what becomes of files between versions, and undo changes of processes that died.

    Files are looked at once a minute, so that a file that somebody replaces twice between two
    versions is kept if each of its contents has stood for that long.
    """
    outage = Outage(
        services.log, "files are not kept for the history", "files are kept for the history again"
    )
    looks = 0
    while True:
        try:
            services.used_files.brought.recover()
            if looks % _LOOKS == 0:
                services.config.file.record_files()
            if looks % _SWEEP_LOOKS == _SWEEP_LOOKS - 1:
                _sweep(services)
        except DataplaneError as error:
            outage.note(error)
        else:
            outage.over()
        looks += 1
        if stop.wait(_RECOVER_SECONDS):
            return


def _sweep(services: Services) -> None:
    files = services.config.file.records.files
    if files is not None:
        files.sweep()
