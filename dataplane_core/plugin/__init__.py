"""The one module that a plugin imports: every name that it may rely on, by topic.

    from dataplane_core.plugin import Model, Registry, impl, statement, word

All else in `dataplane_core` may change at any time. What stands here changes by the rule of
`dataplane_core.PLUGIN_API`. A plugin that states the version it was written for is refused at the
start, with one sentence, if that version does not fit. Tests of plugins use
`dataplane_core.testing`.
"""

import dataplane_core.plugin.declarations as _declarations
import dataplane_core.plugin.files as _files
from dataplane_core import PLUGIN_API as API_VERSION
from dataplane_core import __version__, impl
from dataplane_core.api.access import Access
from dataplane_core.api.answered import Answered, Asked
from dataplane_core.api.below import below
from dataplane_core.api.body import parse_json, to_json
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.followed import Awaited, Became, CarryOut, answer_later
from dataplane_core.api.listed_plugins import listed_plugins
from dataplane_core.api.operations import (
    BAD_REQUEST,
    BYTES,
    CHANGE,
    CONFLICT,
    CURRENT_VERSION,
    DEFAULT_RESPONSE,
    EXISTS,
    FORCE_RELOAD,
    FULL_SECTION,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    TRANSACTION_ID,
    VERSION,
    Body,
    Fragment,
    Operation,
    Parameter,
    Response,
    array,
    created,
    deleted,
    operation,
    replaced,
)
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.rights import right_to
from dataplane_core.api.routes import OWN, InVersion, Routes
from dataplane_core.api.section_objects import with_each
from dataplane_core.api.sections import SectionItem, SectionList
from dataplane_core.api.transactions import (
    TOO_MANY_TRANSACTIONS,
    TRANSACTION,
    TransactionItem,
    TransactionList,
)
from dataplane_core.api.uploads import FILE_FIELD, Upload, open_upload
from dataplane_core.api.view import View
from dataplane_core.auth import Identity, Role
from dataplane_core.codec.codec import Codec, Loaded
from dataplane_core.codec.refusals import raise_problems
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import (
    AlreadyExists,
    BadParameter,
    BadRequest,
    CheckFailed,
    Code,
    Conflict,
    DataplaneError,
    FileRefused,
    Finding,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    ReloadFailed,
    RuntimeFailed,
    RuntimeUnreachable,
    StorageFailed,
    StorageFull,
    TooLarge,
    TooMany,
    Unauthorized,
    VersionMismatch,
    WrongShape,
)
from dataplane_core.feeds import FEED, CollectedFeed, Feed, Sink
from dataplane_core.haproxy.reload import ReloadQueue, ReloadRecord
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import hookspec, list_of, none_or
from dataplane_core.hookspecs import Fact, Gauge
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.logs.outage import Outage
from dataplane_core.plugin.declarations import *
from dataplane_core.plugin.files import *
from dataplane_core.resources.document_sections import DocumentSections
from dataplane_core.resources.registry import Registry
from dataplane_core.services import Services
from dataplane_core.settings import Settings, SettingsError, setting, setting_kinds
from dataplane_core.store.audit_trail import AuditEnd, AuditTrail
from dataplane_core.store.author import Author
from dataplane_core.store.change import Committed, Outcome
from dataplane_core.store.journal.events import Event, EventTable
from dataplane_core.store.locks import is_locked

__all__ = [
    # The surface, and the marker of hooks.
    "API_VERSION", "impl", "__version__",
    # What the hooks are given.
    "Settings", "SettingsError", "setting", "setting_kinds", "Registry", "Services", "Routes",
    "ApiRequest", "Access", "Identity", "Role", "right_to", "Author", "Committed", "Outcome",
    "ReloadQueue", "ReloadRecord", "Fact", "listed_plugins",
    # Hooks of a plugin's own, for other plugins to implement.
    "hookspec", "Failure", "list_of", "none_or",
    # Errors to raise: each has its status, and its sentence is the answer.
    "AlreadyExists", "BadParameter", "BadRequest", "CheckFailed", "Code", "Conflict",
    "DataplaneError", "FileRefused", "Finding", "Forbidden", "Invalid", "NotFound",
    "PreconditionFailed", "ReloadFailed", "RuntimeFailed", "RuntimeUnreachable",
    "StorageFailed", "StorageFull", "TooLarge", "TooMany", "Unauthorized", "VersionMismatch",
    "WrongShape",
    # Answers that go on, and what happens.
    "FEED", "Feed", "CollectedFeed", "Sink", "Event", "EventTable", "Gauge", "Asked",
    "Answered", "AuditTrail", "AuditEnd", "Outage", "is_locked",
    # What the answers of changes wait for.
    "Awaited", "Became", "CarryOut", "answer_later",
    # Operations of paths that are not configuration.
    "Operation", "Parameter", "Body", "Response", "Fragment", "BYTES", "BAD_REQUEST", "CHANGE",
    "CONFLICT", "CURRENT_VERSION", "EXISTS", "DEFAULT_RESPONSE", "FORCE_RELOAD", "FULL_SECTION",
    "NOT_ACCEPTABLE", "NOT_FOUND", "TRANSACTION_ID", "VERSION", "operation", "array", "created",
    "deleted", "replaced", "TRANSACTION", "TOO_MANY_TRANSACTIONS", "TransactionList",
    "TransactionItem", "parse_json", "to_json", "open_upload", "Upload", "FILE_FIELD", "View",
    "CheckedRequest", "InVersion", "OWN", "below", "SectionList", "SectionItem", "with_each",
    "DocumentSections", "Codec", "Loaded", "raise_problems", "SchemaFactory",
    # Dataclasses and regular expressions that cost a start little.
    "dataclass", "lazy_pattern",
]  # fmt: skip
__all__ += _declarations.__all__
__all__ += _files.__all__
