"""Let one version at a time wait for its confirmation, and only what can be taken back."""

from dataplane_core.errors import BadRequest, Conflict, NotFound
from dataplane_core.store.author import ChangeOptions
from dataplane_core.store.journal.trials import TrialTable
from dataplane_core.store.records import Records
from dataplane_core.store.trial import Trial, begin_trial
from dataplane_core.text.moments import written_time


class Trials:
    """The versions of a file that are to be confirmed, in `table`."""

    def __init__(self, table: TrialTable) -> None:
        self.table = table
        self._is_watched = False

    def watch(self) -> None:
        """Take changes that are to be confirmed from now on: somebody takes them back."""
        self._is_watched = True

    def admit(self, options: ChangeOptions) -> None:
        """Refuse a change that is to be confirmed where nobody would take it back."""
        if options.confirm_within is not None and not self._is_watched:
            raise BadRequest("confirm_within in query: nothing takes such a change back")


def make_way(trials: TrialTable, text_of: int | None) -> None:
    """Refuse a change while a version waits for its confirmation, unless it puts the former back.

    What would be built on that version would be lost with it, or keep it alive in parts.
    """
    waits = trials.open()
    if waits is None or text_of == waits.trial.former:
        return
    if waits.status == "returning":
        raise Conflict(f"version {waits.version} is being taken back: {waits.reason}")
    raise Conflict(
        f"version {waits.version} waits for its confirmation until "
        f"{written_time(waits.trial.before)}: confirm it or take it back first"
    )


def new_trial(
    records: Records, former: int, options: ChangeOptions, brings_files: bool
) -> Trial | None:
    """Return the trial that a change on a former version begins; None where it wants none.

    Raises `Conflict` where the former text could not be put back.
    """
    if options.confirm_within is None:
        return None
    try:
        records.text(former)
    except NotFound as error:
        raise Conflict(
            f"confirm_within: version {former} could not be put back, as {error.message}"
        ) from None
    return begin_trial(
        former, options.confirm_within, options.gate, records.state.boot,
        brings_files=brings_files,
    )  # fmt: skip
