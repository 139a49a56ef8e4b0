"""Find all in which the running HAProxy is not what its files say, and mend what is asked for."""

from collections.abc import Collection, Iterator
from dataclasses import field, replace

from dataplane_core.plugin import (
    Author,
    ChangePlan,
    Conflict,
    DataplaneError,
    Document,
    Rehearsal,
    RuntimeFailed,
    Services,
    dataclass,
)
from dataplane_plugins.changes.drift.certificates import CertificateDrift
from dataplane_plugins.changes.drift.deviation import (
    Action,
    Commands,
    Deviation,
    Direction,
    Edit,
    Nothing,
    Reload,
)
from dataplane_plugins.changes.drift.frontends import frontend_columns, frontend_drift
from dataplane_plugins.changes.drift.loaded_text import TEXT, TextDrift
from dataplane_plugins.changes.drift.patterns import PatternDrift
from dataplane_plugins.changes.drift.servers import ServerDrift
from dataplane_plugins.server_states import all_server_states, parse_server_states

_LATER = "a former version is put back: look again for what differs from that"


@dataclass(slots=True)
class Mended:
    """What was done: `done` in words, the reload that was asked for, the version that was made."""

    done: list[str] = field(default_factory=list)
    left: list[tuple[Deviation, str]] = field(default_factory=list)
    reload_id: str | None = None
    version: int | None = None


class Drift:
    """Compares files and process; nothing is mended unasked."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._text = TextDrift(services)
        self._patterns = PatternDrift(services)
        self._certificates = CertificateDrift(services)

    def find(self) -> Iterator[Deviation]:
        """Yield each difference; raises `RuntimeFailed` where HAProxy cannot be asked.

        While HAProxy has another version than the newest one, its objects are compared with the
        newest all the same: each difference says what mends it.
        """
        services = self._services
        document = services.config.snapshot().document
        client = services.runtime.processes()[0]
        seconds = services.runtime.deadline
        states = all_server_states(client, seconds)
        stats = client.dump("show stat -1 1 -1", seconds).decode("utf-8", "replace")
        servers = {(one["be_name"], one["srv_name"]): one for one in parse_server_states(states)}
        yield from self._text.find()
        yield from frontend_drift(services.registry, document, frontend_columns(stats))
        yield from ServerDrift(services.registry, servers).find(document)
        yield from self._patterns.find()
        yield from self._certificates.find()

    def mend(
        self, towards: Direction, only: Collection[str], author: Author
    ) -> Mended:
        """Mend all differences, or those whose subjects are named, in one direction.

        Commands are sent one difference after the other; one that HAProxy does not take is left,
        with its words. Edits of the configuration become one version together.
        """
        if self._services.reloads.under_way():
            raise Conflict("a reload is under way: what differs is known when it is over")
        mended, edits = Mended(), list[tuple[Deviation, Edit]]()
        reloads = list[tuple[Deviation, Reload]]()
        for one in list(self.find()):
            if only and one.subject not in only:
                continue
            remedy = one.remedy(towards)
            match remedy:
                case Commands() | Action():
                    self._do(one, remedy, mended)
                case Edit():
                    edits.append((one, remedy))
                case Reload():
                    reloads.append((one, remedy))
                case Nothing(reason):
                    mended.left.append((one, reason))
        self._edit(edits, mended, author)
        self._reload(reloads, mended)
        return mended

    def plan(self, towards: Direction, only: Collection[str]) -> ChangePlan:
        """Return what `mend` would do."""
        config, noted, left = self._services.config, Rehearsal(), list[str]()
        edits = list[tuple[Deviation, Edit]]()
        for one in list(self.find()):
            match one.remedy(towards):
                case _ if only and one.subject not in only:
                    continue
                case Commands(commands):
                    noted.commands.extend(commands)
                case Action(text):
                    noted.effects.append(text)
                case Edit() as edit:
                    edits.append((one, edit))
                case Reload(reason):
                    noted.reasons.append(reason)
                case Nothing(reason):
                    left.append(f"{one.subject} is left as it is: {reason}")
        edits = [one for one in edits if one[0].kind == TEXT] or edits
        plan = ChangePlan.of(config.version(), noted)
        foreseen = None if plan.foreseen is None else replace(plan.foreseen, notes=tuple(left))
        if edits:
            edited = config.plan(_edited(config.snapshot().document, edits))
            foreseen = None if edited.refusal else foreseen
            plan = replace(edited, effects=plan.effects)
        return replace(plan, foreseen=foreseen)

    def _do(self, one: Deviation, remedy: Commands | Action, mended: Mended) -> None:
        try:
            if isinstance(remedy, Action):
                remedy.do()
            elif not self._services.runtime.apply(remedy.commands):
                raise RuntimeFailed("HAProxy did not take the commands")
        except DataplaneError as error:
            mended.left.append((one, error.message))
            return
        mended.done += remedy.commands if isinstance(remedy, Commands) else [remedy.text]

    def _edit(
        self, edits: list[tuple[Deviation, Edit]], mended: Mended, author: Author
    ) -> None:
        """Make all edits one version, which the process need not be given: it is so already.

        The other edits are of the newest text: where a former text comes back, they are left.
        """
        if not edits:
            return
        config = self._services.config
        version = config.version()
        texts = [one for one in edits if one[0].kind == TEXT]
        if texts:
            mended.left += [(one, _LATER) for one, _ in edits if one.kind != TEXT]
            edits = texts
        with config.edit(version=version, author=author, skip_reload=True) as edit:
            edit.document = _edited(edit.document, edits)
        mended.version = edit.outcome.version
        if texts:
            config.file.accept(mended.version)  # it has loaded this text
        else:
            config.history.apply(mended.version)
        mended.done += [remedy.text for _, remedy in edits]

    def _reload(self, reloads: list[tuple[Deviation, Reload]], mended: Mended) -> None:
        if not reloads:
            return
        reasons = "; ".join(dict.fromkeys(remedy.reason for _, remedy in reloads))
        version = self._services.config.version()
        mended.reload_id = self._services.reloads.request(version, reasons)
        mended.done.append(f"asked for a reload: {reasons}")


def _edited(document: Document, edits: list[tuple[Deviation, Edit]]) -> Document:
    """Return the document after all edits."""
    for _, remedy in edits:
        document = remedy.make(document)
    return document
