"""Put back the state from before a version that was to be confirmed."""

import os
from dataclasses import replace

from dataplane_core.plugin import (
    Author,
    ChangePlan,
    CheckFailed,
    Conflict,
    Invalid,
    NotFound,
    Outcome,
    ReloadFailed,
    Rollback,
    RollbackPlan,
    Services,
    TrialRecord,
    VersionMismatch,
)


class TakingBack:
    """Puts back the text from before a version, and the files that it was committed with."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._table = services.config.trials.table
        self._rollback = Rollback(services.config, services.used_files, services.state)

    def take_back(self, one: TrialRecord, author: Author | None = None) -> Outcome | None:
        """Put the former state back; None where it cannot come back, or somebody else did that.

        What cannot come back leaves the version in force, and the record says why. Raises
        `StorageFailed` and the like for what may go well later.
        """
        by = replace(author or Author(name=one.ended_by), reason=one.reason)
        try:
            former = one.trial.former
            plan = self._former(one)
            if plan.refusals:
                reason = f"{one.reason} (but for files: {'; '.join(plan.refusals)})"
                self._table.explain(one.version, reason)
                by, plan = replace(by, reason=reason), replace(plan, refusals=())
            outcome = self._rollback.carry_out(plan, one.version, author=by)
        except VersionMismatch:
            return None
        except ReloadFailed as failure:
            self._services.log.error("version %d was taken back: %s", one.version, failure.message)
            return None
        except (CheckFailed, Invalid, NotFound, Conflict) as failure:
            self._stay(one, failure.message)
            return None
        text = "version %d was taken back, version %d is as version %d: %s"
        self._services.log.warning(text, one.version, outcome.version, former, by.reason)
        return outcome

    def plan(self, one: TrialRecord) -> ChangePlan:
        """Return what `take_back` would do; raises what refuses it."""
        config, files = self._services.config, self._former(one).files
        effects = tuple(f"{os.path.normpath(file.path)} would be put back" for file in files)
        return replace(config.plan(config.archive.document(one.trial.former)), effects=effects)

    def _former(self, one: TrialRecord) -> RollbackPlan:
        former = one.trial.former
        if one.trial.brings_files:
            return self._rollback.plan(former, "left")
        return self._rollback.plan(former, "found", one.version)

    def _stay(self, one: TrialRecord, message: str) -> None:
        """Record that a version stays in force, as the text before it is refused now."""
        reason = f"{one.reason}, but version {one.trial.former} cannot come back: {message}"
        if self._table.keep(one.version, reason):
            self._services.log.error("version %d stays: %s", one.version, reason)
