"""Every hook that a plugin can implement: its signature, what it is for, and what its failure does.

Implement one by decorating a module-level function of the same name with `impl` of
`dataplane_core.plugin`; arguments that are not needed may be left out. Implementations are called
in the order in which plugins are loaded, but for pluggy's `tryfirst`, `trylast` and wrappers.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dataplane_core.auth import Identity
from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import hookspec, list_of, none_or, texts_or_none

if TYPE_CHECKING:
    from dataplane_core.api.access import Access
    from dataplane_core.api.answered import Answered, Asked
    from dataplane_core.api.request import ApiRequest
    from dataplane_core.api.routes import Routes
    from dataplane_core.haproxy.reload import ReloadRecord
    from dataplane_core.haproxy.runtime import Runtime
    from dataplane_core.resources.registry import Registry
    from dataplane_core.services import Services
    from dataplane_core.settings import Settings
    from dataplane_core.store.change import Committed
    from dataplane_core.text import Document


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of `dataplane status`: `topic` is one word in front, `text` what is so.

    `bad`: it is wrong now. `doubtful`: nothing is wrong yet or any more, but somebody should look.
    """

    topic: str
    text: str
    bad: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number of `GET /metrics`: its `name` without `dataplane_`, what it is, and its labels.

    All gauges of one name have labels of the same names; the first hundred are shown.
    """

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@hookspec(Failure.STOPS)
def dataplane_settings(settings: "Settings") -> None:
    """See the settings before anything is made of them; raise `SettingsError` to stop the start.

    Called first, once at the start and at each SIGHUP, with the settings as they were read.
    `settings.block(Kind)` is the plugin's own block, `settings.problem(key, sentence)` makes a
    problem with the file, line and key of a value, for `SettingsError`.
    """


@hookspec(Failure.STOPS)
def dataplane_register(registry: "Registry") -> None:
    """Declare collections, or extend those of others. Then the registry freezes.

    Called once, before anything is served. The registry takes `sections`, `rows`, `single`,
    `extend`, `kinds`, `mask`, `functions`; afterwards it raises `RegistryError`, as it does
    for what is there already, with the names of both plugins.
    """


@hookspec(Failure.STOPS)
def dataplane_routes(routes: "Routes", services: "Services") -> None:
    """Add paths that are not configuration, with what the specification says of them.

    Called once, last of all at the start. A path is served below the prefix of every API version
    whose mask does not have it, or of the `versions` that are named. `services` has `settings`,
    `registry`, `config` (`snapshot()` reads the configuration, `edit(…)` changes it),
    `transactions`, `reloads`, `runtime` (HAProxy's Runtime API), `state`, `hooks` and `log`; keep
    it for the responders, and read nothing yet: nothing is started. Raises `ValueError` for a path
    or a schema that is there already.
    """


@hookspec(Failure.CONTAINED, restores=True)
def dataplane_spec(spec: dict[str, Any], version: str) -> None:
    """Adjust a specification document in place before it is served.

    Called when a document is asked for first, which is then kept for all workers: `spec` is
    Swagger 2.0 or OpenAPI 3 as a dictionary, `version` the name of the API version (`v2`). A
    document that an implementation leaves half changed is put back as it was before this plugin.
    """


@hookspec(Failure.REFUSES, none_or(Identity), firstresult=True)
def dataplane_authenticate(req: "ApiRequest") -> "Identity | None":
    """Say who asks, or None to leave it to others; raise `Unauthorized` to refuse.

    Called for every request, before its credentials are looked at, for a log-in at the page, too.
    Where all plugins return None, passwords and certificates decide. An `Identity` has the name
    that records, `dataplane_authorize` and the audit trail see.
    """


@hookspec(Failure.REFUSES, none_or(str))
def dataplane_authorize(identity: "Identity", operation: "Access") -> str | None:
    """Refuse an operation with a reason (403), or return None; one refusal is enough.

    Called for every request of somebody known but a log-out, before its body is read. `operation`
    has `method`, `path` (normal: names decoded, no doubled slash), `query`, `operation` (the
    identifier in the specification) and `version` (`v2`). The reason is the sentence of the answer.
    """


@hookspec(Failure.REFUSES, list_of("sentences", lambda one: isinstance(one, str)))
def dataplane_check(document: "Document") -> Iterable[str] | None:
    """Name what is wrong with a configuration that is to be committed (422).

    Called with the whole document as it would be, whoever changes it and however, before HAProxy
    judges it; not for edits within a transaction, but for its commit. Each sentence is told to the
    client; any of them refuses the change, and nothing is written. Called without a lock, perhaps
    in several workers at once.
    """


@hookspec(Failure.RELOADS)
def dataplane_committed(change: "Committed") -> None:
    """Learn what was changed, by whom and when; may call `change.require_reload(reason)`.

    Called when a change stands in haproxy.cfg, before HAProxy knows of it: `change.origin` is
    `api`, `external` (an edit by hand) or `restore` (after a failed reload). There are `version`,
    `before` and `after` (documents), `changes` (the sections that differ), `author`,
    `request_id` and `transaction_id`. Nothing that this hook does can refuse the change.
    """


@hookspec(Failure.RELOADS, none_or(bool), firstresult=True)
def dataplane_apply(change: "Committed", runtime: "Runtime") -> bool | None:
    """Bring a committed change to the running HAProxy; True if no reload is needed any more.

    Called behind `dataplane_committed`, unless a reload is asked for already. The first True ends
    the question; False and None leave it to others, and in the end to a reload. `runtime` takes
    commands: `runtime.execute("set server be/s1 weight 5")`. An implementation that comes too late
    (`hook_timeout`) can send no command any more that would change anything.
    """


@hookspec(Failure.CONTAINED, texts_or_none, firstresult=True)
def dataplane_foresee(change: "Committed") -> list[str] | None:
    """Say what `dataplane_apply` would send for a change that is only planned; send nothing.

    Returns the commands, an empty list where none is needed, or None to leave the answer to
    others. A plugin that has `dataplane_apply` alone is named in plans as one that may do without
    a reload.
    """


@hookspec(Failure.CONTAINED)
def dataplane_reloaded(record: "ReloadRecord") -> None:
    """Learn that a reload is over, well or not.

    `record` has `id`, `status` (`succeeded` or `failed`), `version`, `response` (HAProxy's own
    words), `reload_timestamp` and `restored`, the version that was made when a failed reload put
    the last accepted text back.
    """


@hookspec(Failure.REFUSES, none_or(type(None)))
def dataplane_asked(asked: "Asked", services: "Services") -> None:
    """Learn of a request for a change before it is carried out; raise an error to refuse it.

    Called when it is known who asks, and that nothing is wrong with parameters and body; not for
    steps of a transaction, and not with `dry_run`. `asked` has `method`, `path`, `query` and
    `author`. An error of `dataplane_core.plugin` is the answer; another result than None is a
    failure. The hook for whoever permits no change without a record of it.
    """


@hookspec(Failure.CONTAINED)
def dataplane_answered(answered: "Answered", services: "Services") -> None:
    """Learn of a request that asked for a change, or was not let in, before its answer is sent.

    `answered` has `method`, `path`, `query`, `status`, `author` and, for a refusal, `message`. The
    client waits for what the hook does; the answer stays as it is. Where an answer waits for what
    becomes of a change (`wait` in a fleet), `status` is that of the change, which was made.
    """


@hookspec(Failure.CONTAINED, list_of("gauges", lambda one: isinstance(one, Gauge)))
def dataplane_metrics(services: "Services") -> Iterable[Gauge] | None:
    """Give numbers that are so now, for `GET /metrics`.

    Called for each request of metrics, in the worker that answers it. Gauges of one name have
    labels of the same names, and few values of them.
    """


@hookspec(Failure.SHOWN)
def dataplane_status(services: "Services") -> Iterable[Fact] | None:
    """Tell a person at a terminal what there is; a `DataplaneError` becomes a line of its own.

    Called by `dataplane status`, in a process of its own: nothing is served or started there.
    What it knows is the state, the files and HAProxy's sockets. A `bad` fact makes the command
    end with 1.
    """


@hookspec(Failure.CONTAINED)
def dataplane_start(services: "Services") -> None:
    """Begin background work: a worker process has started.

    Called in every worker, and returns soon: what goes on is done in threads.
    `services.lead(name, duty)` runs `duty(stop)` in one of all workers, and in another one when
    that dies, until the event `stop` is set.
    """


@hookspec(Failure.CONTAINED)
def dataplane_stop() -> None:
    """End background work: the worker is about to exit.

    What `dataplane_start` began has to end here; threads that go on are cut off with the process.
    """
