"""Keep this server at the newest revision that it may have; one worker of all does that.

Whatever wakes it, it reads what the store and this server have now, and does the next step
(`deciding`). It remembers nothing but what it says itself.
"""

import threading
import time
from contextlib import suppress
from dataclasses import replace

from dataplane_core.plugin import Conflict, DataplaneError, Outage, encode_text
from dataplane_plugins.fleet.deciding import Decision, Here, Step, decide
from dataplane_plugins.fleet.edits_by_hand import EditsByHand
from dataplane_plugins.fleet.gating import GateKeeper
from dataplane_plugins.fleet.jobs import Jobs, Work
from dataplane_plugins.fleet.known import Known, read_known, read_known_files, save_known
from dataplane_plugins.fleet.local_files import LocalFiles
from dataplane_plugins.fleet.member import Member
from dataplane_plugins.fleet.offering import Offers
from dataplane_plugins.fleet.orders import Order, Orders
from dataplane_plugins.fleet.overlays import Overlay, Overlays
from dataplane_plugins.fleet.reasons import apart, held, put_back, unknown
from dataplane_plugins.fleet.reporting import Reporter
from dataplane_plugins.fleet.revisions import Files, Revision, changed_files, descends
from dataplane_plugins.fleet.rollout import Rollout
from dataplane_plugins.fleet.rollouts import Rollouts
from dataplane_plugins.fleet.sealing import Forged
from dataplane_plugins.fleet.sharing import Sharer
from dataplane_plugins.fleet.stores import StoreError
from dataplane_plugins.fleet.taking import Taker, Verdict

_LOOK_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_MOST_LOOKED_AT = 200


class Follower:
    """What one member does all the time."""

    def __init__(self, member: Member, sharer: Sharer) -> None:
        self._member = member
        self._services = member.services
        self._sharer = sharer
        self._revisions = member.revisions
        self._local = LocalFiles(member.services, member.revisions.chunks)
        self._offers = Offers(member, sharer, self._local)
        self._taker = Taker(member, sharer)
        self._reporter = Reporter(member)
        self._address = "", ""
        self._edits = EditsByHand(member.services)
        self._numbers: dict[str, int] = {}
        self._rollouts = Rollouts(member)
        self._gate = GateKeeper(member)
        self._orders, self._overlays = Orders(member), Overlays(member)
        self._jobs, self._work = Jobs(member), Work(member, self._local)
        self._outage = Outage(
            member.services.log, "the fleet's store is away", "the fleet's store is back"
        )

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        mark = 0
        while not stop.is_set():
            try:
                self._member.enrol()  # a stranger may have removed it
                self.step()
                self._outage.over()
                seconds = _RETRY_SECONDS if self._gate.is_watching else _LOOK_SECONDS
                mark = self._member.store.wait("control/", mark, seconds)
            except StoreError as error:
                self._reporter.lost(error.reason)
                self._outage.note(error)
                stop.wait(_RETRY_SECONDS)
            except (DataplaneError, Forged) as error:
                self._reporter.say("waiting", reason=str(error))
                self._outage.note(error)
                stop.wait(_RETRY_SECONDS)
        self._reporter.leave()

    def step(self) -> None:
        """Do what is next, if anything is."""
        head = self._revisions.newest()
        if head is None:
            self._begin()
            return
        self._jobs.do(head.number, self._work)
        known = read_known(self._services.state)
        order = self._orders.own()
        if order is not None:
            if order.number == head.number:
                self._obey(order, head, known)
            self._orders.done(order)
            return
        if self._is_behind(head, known):
            return
        rollout, _ = self._rollouts.current()
        if rollout is not None and rollout.number > head.number:
            return  # it was made since: the next step sees both
        if rollout is None or rollout.number < head.number:
            if head.number > 1 and known.number < head.number:
                self._reporter.say("held", head, known, reason=unknown(head))
                return
        else:
            self._gate.follow(rollout)
            if known.number < head.number and not rollout.releases(self._member.name):
                self._hold(rollout, head, known)
                return
        self._go_to(head, head, known)

    def _hold(self, rollout: Rollout, head: Revision, known: Known) -> None:
        """Wait for a wave, with what all had before the roll-out."""
        former = None
        if known.number < rollout.former:
            former = self._revisions.get(rollout.former)
        if former is None:
            self._reporter.say("held", head, known, reason=held(rollout))
        else:
            self._go_to(former, head, known)

    def _obey(self, order: Order, head: Revision, known: Known) -> None:
        """Do what a person has told this member; the next step goes on from there."""
        if order.deed == "offer":
            here = self._here()
            overlays = self._overlays.here()
            before = self._overlays.text_for(head.text, overlays)
            text, files = (
                self._offers.text_kept(head, before, overlays), self._offers.files_kept(here.files),
            )  # fmt: skip
            self._offers.offer(head, here, text, files, staged=False)
        forgets = order.deed in ("take", "offer")
        known = Known() if forgets else replace(known, refused=0, reason="")
        save_known(self._services.state, known)

    def _go_to(self, wanted: Revision, head: Revision, known: Known) -> None:
        """Bring this server to a revision, or what was changed here to the fleet."""
        last = self._overlays.last_here()
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
        here = self._here()
        wanted_files = self._revisions.files(wanted.files)
        known, known_files = self._recognised(here, known, head, overlays)
        decision = decide(here, known, known_files, wanted, wanted_files)
        if decision.step is Step.NOTHING:
            self._has(wanted, head)
        elif decision.step is Step.APART or (decision.is_own and not self._adopts):
            self._reporter.say("apart", head, known, reason=apart(decision))
        elif decision.step in (Step.TAKE, Step.MERGE):
            self._take(wanted, head, known, here, decision)
        elif decision.step is Step.RENUMBER:
            self._renumber(wanted, head, here)
        elif wanted.number != head.number:
            self._reporter.say("apart", head, known, reason=apart(decision))
        elif decision.own_text and (failed := self._edits.refused()) is not None:
            reason = f"{apart(decision)}, as HAProxy refuses it: {failed.message}"
            self._reporter.say("apart", head, known, reason, failed.findings)
        else:
            text = self._offers.text_kept(head, known.text, overlays)
            self._offers.offer(head, here, text, self._offers.files_kept(here.files))

    def _renumber(self, wanted: Revision, head: Revision, here: Here) -> None:
        """Give the fleet the number that the version has here, once nobody is to be without it."""
        rollout, _ = self._rollouts.current()
        if rollout is None or not rollout.is_staged or rollout.state == "done":
            self._offers.offer(head, here, head.text, head.files, staged=False)
        else:
            self._has(wanted, head)

    def _recognised(
        self, here: Here, known: Known, head: Revision, overlays: tuple[Overlay, ...]
    ) -> tuple[Known, Files]:
        """Return what this server has had, where what it has is, or follows on, a later revision.

        What it made a revision itself was written here before it could be remembered.
        """
        files = read_known_files(self._services.state)
        own = [name for name in changed_files(files, here.files) if name in here.files]
        is_found = here.text == known.text and here.version <= known.version
        if not known.number or (is_found and not own):
            return known, files
        first = max(known.number + 1, head.number - _MOST_LOOKED_AT)
        for number in range(head.number, first - 1, -1):
            revision = self._revisions.get(number)
            if revision is None:
                break
            with suppress(Conflict):
                text = here.text if is_found else self._overlays.text_for(revision.text, overlays)
                if not is_found and text == here.text:
                    is_found, known = True, replace(known, text=text, version=here.version)
                elif not is_found and self._was_here(revision, text, here, known):
                    is_found, known = True, replace(known, text=text, version=revision.version)
            listed = self._revisions.files(revision.files) if own else {}
            found = {one: here.files[one] for one in own if listed.get(one) == here.files[one]}
            files = {**files, **found}
        return known, files

    def _was_here(self, revision: Revision, text: str, here: Here, known: Known) -> bool:
        """Tell whether this server made a revision, and has gone on from it alone."""
        if revision.node != self._member.name:
            return False
        if not known.version < revision.version < here.version:
            return False
        with suppress(DataplaneError):
            document = self._services.config.archive.document(revision.version)
            return self._revisions.chunks.address(encode_text(document.text())) == text
        return False

    @property
    def _adopts(self) -> bool:
        return self._services.settings.fleet.hand_edits == "adopt"

    def _here(self) -> Here:
        snapshot = self._services.config.snapshot()
        if self._address[0] != snapshot.digest:
            text = encode_text(snapshot.document.text())
            self._address = snapshot.digest, self._revisions.chunks.address(text)
        return Here(self._address[1], snapshot.version, self._local.now())

    def _is_behind(self, head: Revision, known: Known) -> bool:
        """Tell whether the store has lost what this server has, and say so: it changes nothing."""
        if not known.number:
            return False
        had = Revision(known.number, known.version, "", "", "", "", 0, {}, digest=known.digest)
        if head.number >= known.number and descends(self._revisions, head, had) is not False:
            return False
        here = self._here()
        if here.text == head.text and self._revisions.files_address(here.files) == head.files:
            return False
        said = (
            f"the store has revision {head.number}, which does not follow on revision "
            f"{known.number} that this member has: it was put back, or is another store"
        )
        self._reporter.say("apart", head, known, reason=said)
        return True

    def _begin(self) -> None:
        """Make what this server has the first revision; another member may be faster."""
        here, document = self._here(), self._services.config.snapshot().document
        text = self._revisions.chunks.put(encode_text(document.text()))
        files = self._offers.files_kept(here.files)
        first = Revision(1, here.version, "", text, files, self._member.name, time.time(), {})
        self._revisions.add(first, None)

    def _take(
        self, wanted: Revision, head: Revision, known: Known, here: Here, decision: Decision
    ) -> None:
        """Have a revision, unless it was refused here before."""
        if (known.refused, known.refused_text) == (wanted.number, wanted.text):
            self._reporter.say("refused", head, known, reason=known.reason)
            return
        self._reporter.say("taking", head, known)
        base = known.version if decision.step is Step.MERGE else 0
        verdict = self._taker.take(wanted, here, decision, base)
        if not verdict.refusal:
            verdict = self._missed(wanted, base, decision)
        if verdict.refusal:
            known = replace(
                known, refused=wanted.number, refused_text=wanted.text, reason=verdict.refusal
            )
            save_known(self._services.state, known)
            self._reporter.say("refused", head, known, verdict.refusal, verdict.findings)
        else:
            self._has(wanted, head)

    def _missed(self, wanted: Revision, base: int, decision: Decision) -> Verdict:
        """Say what of a revision this server has not got, although nothing refused it."""
        if decision.is_own:
            return Verdict()
        here, files = self._here(), self._revisions.files(wanted.files)
        kept = sorted(name for name in here.files if name not in files)
        if here.text == wanted.text and kept:
            return Verdict(f"{', '.join(kept[:5])}: still used here, and not removed")
        return Verdict()

    def _has(self, revision: Revision, head: Revision) -> None:
        """Remember that this server has a revision, and say so."""
        known = Known(
            revision.number, revision.digest, revision.text, revision.files,
            self._services.config.version(), overlays=self._numbers,
        )  # fmt: skip
        former = read_known(self._services.state)
        if known != former:
            same = known.files == former.files
            files = None if same else self._revisions.files(known.files)
            save_known(self._services.state, known, files)
        self._reporter.say("applied", head, known, gate=self._gate.look(revision))
