"""Keep this server at the newest revision that it may have; one worker of all does that.

Whatever wakes it, it reads what the store and this server have now, and does the next step
(`deciding`). It remembers nothing but what it says itself.
"""

import threading
from dataclasses import replace
from functools import partial

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.following.attempts import RETRY_SECONDS, Attempts
from dataplane_plugins.fleet.following.beginning import Beginning
from dataplane_plugins.fleet.following.edits_by_hand import EditsByHand
from dataplane_plugins.fleet.following.gating import GateKeeper
from dataplane_plugins.fleet.following.jobs import Jobs, Work
from dataplane_plugins.fleet.following.mending import Mender
from dataplane_plugins.fleet.following.offering import Offers
from dataplane_plugins.fleet.following.orders import Order, Orders
from dataplane_plugins.fleet.following.taking import Taker, Verdict
from dataplane_plugins.fleet.members.deciding import Decision, Here, Step, decide
from dataplane_plugins.fleet.members.known import Known, read_known, save_known
from dataplane_plugins.fleet.members.loading import Loading
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import (
    apart,
    bypassing,
    held,
    offered_later,
    put_back,
    unknown,
)
from dataplane_plugins.fleet.members.reporting import Reporter
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import Rollout
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.sharing.recognising import Recogniser
from dataplane_plugins.fleet.sharing.sharer import Sharer

_LOOK_SECONDS = 5.0


class Follower:
    """What one member does all the time."""

    def __init__(self, member: Member, sharer: Sharer, reporter: Reporter | None = None) -> None:
        self._member = member
        self._services = member.services
        self._sharer = sharer
        self._revisions = member.revisions
        self._local = LocalFiles(member.services, member.revisions.chunks)
        self._offers = Offers(member, sharer, self._local)
        self._taker = Taker(member, sharer)
        self._reporter = reporter or Reporter(member)
        self._edits = EditsByHand(member.services)
        self._numbers: dict[str, int] = {}
        self._rollouts, self._mender = Rollouts(member), Mender(member)
        self._gate = GateKeeper(member)
        self._orders, self._overlays = Orders(member), Overlays(member)
        self._recogniser = Recogniser(member, self._local, self._overlays)
        self._beginning = Beginning(member, self._offers, self._recogniser)
        self._jobs, self._work = Jobs(member), Work(member, self._local)
        self._loading, self._is_loading = Loading(member), False
        self._head: Revision | None = None
        self._adopts = member.services.settings.fleet.hand_edits == "adopt"
        self.attempts = Attempts(member, self._reporter, self._next, lambda: self._head)

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        self.attempts.run(stop)

    def _next(self) -> float:
        """Do what is next; return when to look again."""
        self.step()
        is_soon = self._gate.is_watching or self._is_loading
        return RETRY_SECONDS if is_soon else _LOOK_SECONDS

    def step(self) -> None:
        """Do what is next, if anything is."""
        self._revisions.chunks.begin()
        self._rollouts.strategies.watch()
        head = self._head = self._mender.newest()
        self._is_loading = False
        if head is not None:
            self._jobs.do(head.number, self._work)
        known = read_known(self._services.state)
        if self._is_ordered(head, known):
            return
        if head is None:
            if reason := self._beginning.begin(known):
                self._reporter.say("apart", head, known, reason=reason)
        else:
            self.follow(head, known)

    def _is_ordered(self, head: Revision | None, known: Known) -> bool:
        """Carry out what a person has told this member; tell whether anything was."""
        order = self._orders.own()
        if order is None:
            return False
        if order.number == (head.number if head else 0):
            self._obey(order, head, known)
        self._orders.done(order)
        return True

    def follow(self, head: Revision, known: Known) -> None:
        """Go to the newest revision, or wait for its wave; the store may have lost what is here."""
        if behind := self._recogniser.behind(head, known):
            if not self._mender.goes_on():  # else the next step has the newest one again
                self._reporter.say("apart", head, known, reason=behind)
            return
        rollout = self._rollouts.of(head.number)
        if rollout is not None and rollout.number > head.number:
            return  # it was made since: the next step sees both
        if rollout is None or rollout.number < head.number:
            if head.number > 1 and known.number < head.number:
                self._reporter.say("held", head, known, reason=unknown(head))
                return
        else:
            self._gate.follow(rollout)
            self._reporter.saw(rollout)
            if known.number < head.number and self._rollouts.strategies.bypasses(rollout):
                self._reporter.say("held", head, known, reason=bypassing(rollout))
                return
            if known.number < head.number and not rollout.releases(self._member.name):
                self._hold(rollout, head, known)
                return
        self._go_to(head, head, known, rollout)

    def _hold(self, rollout: Rollout, head: Revision, known: Known) -> None:
        """Wait for a wave, with what all had before the roll-out."""
        if known.refused == head.number:
            self._reporter.say("refused", head, known, reason=known.reason)
            return
        former = None
        if known.number < rollout.former:
            former = self._revisions.get(rollout.former)
        if former is None:
            self._reporter.say("held", head, known, reason=held(rollout, self._member.name))
        else:
            self._go_to(former, head, known, rollout)

    def _obey(self, order: Order, head: Revision | None, known: Known) -> None:
        """Do what a person has told this member; the next step goes on from there."""
        if order.deed == "retry":
            if head is not None:
                self._retry(head, known)
            return
        self._revisions.chunks.forget()  # the store may have been put back
        if order.deed == "take":
            is_done = head is not None
            self._rollouts.forget()
            self._overlays.forget()
        elif head is None:
            is_done = self._beginning.begin_anew(known)
        else:
            is_done = self._offers.offer_all(head, self._recogniser.here())
        if is_done:
            save_known(self._services.state, Known())

    def _retry(self, head: Revision, known: Known) -> None:
        """Take what was refused here, whether the roll-out has stopped or not; judge it anew."""
        known = replace(known, refused=0, reason="")
        save_known(self._services.state, known)
        self._gate.forget()
        rollout, _ = self._rollouts.current()
        if rollout is None or rollout.number != head.number or known.number == head.number:
            return
        if rollout.state != "returning" and rollout.reaches(self._member.name):
            self._go_to(head, head, known, rollout, is_told=True)

    def _go_to(
        self, wanted: Revision, head: Revision, known: Known, rollout: Rollout | None,
        *, is_told: bool = False,
    ) -> None:  # fmt: skip
        """Bring this server to a revision, or what was changed here to the fleet."""
        last = self._overlays.last_here(wanted.number)
        overlays = tuple(one for one in last if not one.is_gone)
        self._numbers = {f"{one.kind} {one.name}": one.number for one in last}
        older = [name for name, one in self._numbers.items() if one < known.overlays.get(name, 0)]
        if older:
            self._reporter.say("apart", head, known, reason=put_back(older))
            return
        try:
            wanted = replace(wanted, text=self._overlays.text_for(wanted.text, overlays))
        except Conflict as error:
            self._reporter.say("refused", head, known, reason=error.message)
            return
        here = self._recogniser.here()
        if not is_told and (refusal := self._loading.refusal(wanted, here, known)):
            self._refuse(wanted, head, known, Verdict(refusal))
            return
        wanted_files = self._revisions.files(wanted.files)
        known, known_files = self._recogniser.recognised(here, known, head, overlays)
        decision = decide(here, known, known_files, wanted, wanted_files)
        self._edits.check_rest(decision)
        if decision.step is Step.NOTHING:
            self._has(wanted, head)
        elif decision.step is Step.APART or (decision.is_own and not self._adopts):
            self._reporter.say("apart", head, known, reason=apart(decision))
        elif decision.step in (Step.TAKE, Step.MERGE):
            self._take(wanted, head, known, here, decision, is_told=is_told)
        elif decision.step is Step.RENUMBER:
            self._renumber(wanted, head, here, rollout)
        elif wanted.number != head.number:
            self._reporter.say("apart", head, known, reason=apart(decision))
        elif rollout is not None and rollout.refuses_changes:
            self._offer_later(head, known, decision)
        else:
            self._offer(head, known, here, decision, overlays)

    def _offer(
        self, head: Revision, known: Known, here: Here, decision: Decision,
        overlays: tuple[Overlay, ...],
    ) -> None:  # fmt: skip
        """Make what was changed here the next revision, if HAProxy takes it."""
        if decision.own_text and (failed := self._edits.refused()) is not None:
            reason = f"{apart(decision)}, as HAProxy refuses it: {failed.message}"
            self._reporter.say("apart", head, known, reason, failed.findings)
        else:
            text = self._offers.text_kept(head, known.text, overlays)
            self._offers.offer(head, here, text, self._offers.files_kept(here.files))

    def _offer_later(self, head: Revision, known: Known, decision: Decision) -> None:
        """Say that what was changed here waits for the end of a roll-out, for which all is well."""
        if known.number != head.number:
            known = replace(known, number=head.number, digest=head.digest)
            save_known(self._services.state, known)
        said, gate = offered_later(decision), self._gate.look(head)
        self._reporter.say("applied", head, known, reason=said, gate=gate)

    def _renumber(
        self, wanted: Revision, head: Revision, here: Here, rollout: Rollout | None
    ) -> None:
        """Give the fleet the number that the version has here, once nobody is to be without it."""
        if rollout is None or not rollout.is_staged or rollout.state == "done":
            self._offers.offer(head, here, head.text, head.files, staged=False)
        else:
            self._has(wanted, head)

    def _take(
        self, wanted: Revision, head: Revision, known: Known, here: Here, decision: Decision,
        *, is_told: bool = False,
    ) -> None:  # fmt: skip
        """Have a revision, unless it was refused here before."""
        if (known.refused, known.refused_text) == (wanted.number, wanted.text):
            self._reporter.say("refused", head, known, reason=known.reason)
            return
        self._reporter.say("taking", head, known)
        self._member.store.look_again()  # what follows takes long
        base = known.version if decision.step is Step.MERGE else 0
        is_held_back = not is_told and wanted.number == head.number
        may_go = partial(self._rollouts.check, head, is_held_back=is_held_back)
        verdict = self._taker.take(wanted, here, decision, base, may_go)
        if not verdict.refusal and not decision.is_own:
            verdict = Verdict(self._recogniser.kept(wanted))
        if verdict.refusal:
            self._refuse(wanted, head, known, verdict)
        else:
            self._has(wanted, head)

    def _refuse(self, wanted: Revision, head: Revision, known: Known, verdict: Verdict) -> None:
        """Remember that HAProxy does not take a revision here, and say so."""
        refused = replace(
            known, refused=wanted.number, refused_text=wanted.text, reason=verdict.refusal
        )
        if refused != known:
            save_known(self._services.state, refused)
        self._reporter.say("refused", head, refused, verdict.refusal, verdict.findings)

    def _has(self, revision: Revision, head: Revision) -> None:
        """Remember that this server has a revision, and say so."""
        known = Known(
            revision.number, revision.digest, revision.text, revision.files,
            self._services.config.version(), overlays=self._numbers, origin=revision.origin,
        )  # fmt: skip
        former = read_known(self._services.state)
        if known != former and self._loading.is_missed(known.version):
            if (former.refused, former.refused_text) != (revision.number, revision.text):
                verdict = self._taker.load()
            else:
                verdict = Verdict(former.reason)
            if verdict.refusal:
                self._refuse(revision, head, former, verdict)
                return
        if known != former and self._loading.is_awaited:
            self._is_loading = True
            self._reporter.say("taking", head, former)
        elif known != former:
            same = known.files == former.files
            files = None if same else self._revisions.files(known.files)
            save_known(self._services.state, known, files)
        if not self._is_loading:
            self._reporter.say("applied", head, known, gate=self._gate.look(revision))
