"""The one module that a plugin imports: every name that it may rely on, by topic.

    from dataplane_core.plugin import Model, Registry, impl, statement, word

All else in `dataplane_core` may change at any time. What stands here changes by the rule of
`API_VERSION`. A plugin that states the version it was written for is refused at the start, with one
sentence, if that version does not fit. Tests of plugins use `dataplane_core.testing`.
"""

from dataplane_core import __version__, grammar, impl
from dataplane_core.api.access import Access
from dataplane_core.api.answered import Answered, Asked
from dataplane_core.api.attempts import try_change
from dataplane_core.api.below import below
from dataplane_core.api.body import parse_json, to_json
from dataplane_core.api.change_options import show_outcome
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.desired_objects import DesiredObjects
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
from dataplane_core.api.resource_paths import reference_at
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
from dataplane_core.auth import Identity
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
    Reference,
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
from dataplane_core.grammar import *  # noqa: F403
from dataplane_core.grammar.address import PORT, Address
from dataplane_core.grammar.dispatch import Case, Template
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.parameter_table import keyword_words
from dataplane_core.grammar.props import Layout, unwritable
from dataplane_core.grammar.reconcile import StatementLine
from dataplane_core.grammar.statements import LineContent, RowStatement, SingleStatement
from dataplane_core.grammar.terms import ImpliedValue, Scalar, UnwrittenValue
from dataplane_core.grammar.values import WORD
from dataplane_core.haproxy.binaries import program as haproxy_program
from dataplane_core.haproxy.foreign_files import ForeignFiles, storage_folders
from dataplane_core.haproxy.live import is_ip, runtime_commands
from dataplane_core.haproxy.reload import ReloadQueue, ReloadRecord
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import (
    first_words,
    is_success,
    refused,
    runtime_argument,
)
from dataplane_core.haproxy.subprocesses import child_environment
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import hookspec, list_of, none_or
from dataplane_core.hooks.surface import API_VERSION
from dataplane_core.hookspecs import Fact, Gauge
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.logs.outage import Outage
from dataplane_core.references import BringToHaproxy, Former, NamedFiles, StoredFiles
from dataplane_core.references.brought_files import Replacement
from dataplane_core.references.existing import finder_of_files, reader_for, reader_of_files
from dataplane_core.references.file_parts import FilePlace
from dataplane_core.references.names_in_files import FileUse, NamesInFiles, newly_dangling_in_files
from dataplane_core.references.rollback import Rollback, RollbackPlan, WhichFiles
from dataplane_core.references.shown_files import check_shown
from dataplane_core.resources.changes import NeedsReload, PropertyChange
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    RowCommands,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.comparison import ObjectChange, compare
from dataplane_core.resources.desired_text import DesiredText
from dataplane_core.resources.document_sections import DocumentSections
from dataplane_core.resources.extra_props import METADATA
from dataplane_core.resources.file_language import FilePart, GivenNames, ScriptLanguage
from dataplane_core.resources.line_numbers import lines_of
from dataplane_core.resources.locate import object_at, refuse_namesake
from dataplane_core.resources.masks import Mask
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.resources.placing import (
    inherited_sections,
    place_section,
    place_section_beside,
    with_defaults,
)
from dataplane_core.resources.query_words import Orphans, Parent
from dataplane_core.resources.referring import (
    NamedUse,
    dangling,
    newly_dangling,
    referrers,
    targets,
    unused,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.renaming import rename, rename_uses
from dataplane_core.resources.scope import Scope, read_scope
from dataplane_core.resources.secrets import Secrets, is_sealed, unsealed
from dataplane_core.resources.whole_section import WholeSection, repeated
from dataplane_core.services import FileObjects, Services
from dataplane_core.settings import Settings, SettingsError, setting, setting_kinds
from dataplane_core.settings.yaml_nodes import compose_yaml, scalar_kind
from dataplane_core.store import State
from dataplane_core.store.archive import BlamedLine, Wanted
from dataplane_core.store.audit_trail import AuditEnd, AuditTrail
from dataplane_core.store.author import Author, ChangeOptions
from dataplane_core.store.change import Committed, Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.configuration_file import discard_store
from dataplane_core.store.files import (
    Candidate,
    locked,
    read_file,
    storage_errors,
    sweep_folder,
    sync_directory,
    try_lock,
    write_atomically,
)
from dataplane_core.store.findings import SentFinding
from dataplane_core.store.folder import Folder, resource_folder
from dataplane_core.store.head import decode_text, encode_text, split_header
from dataplane_core.store.journal.events import Event, EventTable
from dataplane_core.store.journal.file_states import FileState
from dataplane_core.store.journal.trials import TrialRecord
from dataplane_core.store.journal.version_objects import TouchedObject
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.lock_test import is_locked
from dataplane_core.store.planned import ChangePlan, Foreseen, Planned
from dataplane_core.store.ports import Verdict
from dataplane_core.store.rehearsal import (
    FileChange,
    NamedInFile,
    Rehearsal,
    is_rehearsed,
    noting_commands,
    rehearsal,
    rehearsing,
)
from dataplane_core.store.scratch import Scratch
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.transactions import Edit, Transaction, Transactions
from dataplane_core.store.trial import Gate
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text import (
    Document,
    Line,
    Section,
    has_variable,
    is_words,
    plain_word,
    split_words,
    unquote,
)
from dataplane_core.text.credentials import conceal
from dataplane_core.text.language import DEFAULTS, FRONTENDS, LISTEN, Language
from dataplane_core.text.lines import split_lines, with_last_newline
from dataplane_core.text.matching import opcodes
from dataplane_core.text.moments import written_time
from dataplane_core.text.numbers import is_digits, parse_integer
from dataplane_core.text.section import SCOPE_KIND
from dataplane_core.text.tokens import CONTROL_CHARACTERS

__all__ = [
    # The surface, and the marker of hooks.
    "API_VERSION", "impl", "__version__",
    # What the hooks are given.
    "Settings", "SettingsError", "setting", "setting_kinds", "Registry", "Services", "Routes",
    "ApiRequest", "Access",
    "Identity", "right_to", "Author", "Committed", "Outcome", "ReloadQueue",
    "ReloadRecord", "Fact", "listed_plugins",
    # Hooks of a plugin's own, for other plugins to implement.
    "hookspec", "Failure", "list_of", "none_or",
    # Errors to raise: each has its status, and its sentence is the answer.
    "AlreadyExists", "BadParameter", "BadRequest", "CheckFailed", "Code", "Conflict",
    "DataplaneError", "FileRefused", "Finding", "Forbidden", "Invalid", "NotFound",
    "PreconditionFailed", "ReloadFailed", "RuntimeFailed", "RuntimeUnreachable", "StorageFailed",
    "StorageFull", "TooLarge", "TooMany", "Unauthorized", "VersionMismatch", "WrongShape",
    # Answers that go on, and what happens.
    "FEED", "Feed", "CollectedFeed", "Sink", "Event", "EventTable", "Gauge", "Asked", "Answered",
    "AuditTrail", "AuditEnd", "Outage", "is_locked",
    # Collections: `registry.sections`, `rows`, `single`, `extend`.
    "Orphans", "Parent", "Mask", "METADATA", "WholeSection", "repeated", "RowCommands",
    "NeedsReload", "Collection", "RowCollection", "SectionCollection", "SingleSection", "Naming",
    # Operations of paths that are not configuration.
    "Operation", "Parameter", "Body", "Response", "Fragment", "BYTES", "BAD_REQUEST", "CHANGE",
    "CONFLICT", "CURRENT_VERSION", "EXISTS", "DEFAULT_RESPONSE", "FORCE_RELOAD", "FULL_SECTION",
    "NOT_ACCEPTABLE", "NOT_FOUND", "TRANSACTION_ID", "VERSION", "operation", "array", "created",
    "deleted", "replaced", "TRANSACTION", "TOO_MANY_TRANSACTIONS", "TransactionList",
    "TransactionItem", "parse_json", "to_json", "open_upload", "Upload", "FILE_FIELD", "View",
    "CheckedRequest", "InVersion", "OWN", "below", "SectionList", "SectionItem", "with_each",
    "DocumentSections", "Codec", "Loaded", "raise_problems", "SchemaFactory",
    # Who refers to what by its name.
    "NamedUse", "dangling", "newly_dangling", "referrers", "targets", "unused", "rename",
    "rename_uses", "reference_at", "finder_of_files", "reader_of_files", "reader_for",
    "NamesInFiles",
    "newly_dangling_in_files", "FileUse", "FilePlace", "FilePart", "NameReaders",
    "ScriptLanguage", "GivenNames",
    # Dataclasses and regular expressions that cost a start little.
    "dataclass", "lazy_pattern",
    # Text, as HAProxy reads it, and documents in YAML.
    "compose_yaml", "scalar_kind",
    "Document", "Section", "Line", "Language", "has_variable", "is_words", "plain_word",
    "split_words", "unquote", "with_last_newline", "opcodes", "parse_integer", "is_digits",
    "SCOPE_KIND", "DEFAULTS", "FRONTENDS", "LISTEN", "CONTROL_CHARACTERS", "place_section",
    "place_section_beside", "with_defaults", "inherited_sections", "refuse_namesake",
    "DesiredText", "DesiredObjects", "Scope", "read_scope", "object_at",
    # Parts of the grammar for classes of one's own.
    "keyword_words", "Address", "PORT", "Case", "Template", "ParameterKeyword", "Layout",
    "LineContent", "StatementLine", "RowStatement", "SingleStatement", "ImpliedValue", "Scalar",
    "UnwrittenValue", "unwritable", "WORD",
    # What a change is: the objects in which two documents differ, without their secrets.
    "ChangePlan", "FileChange", "Foreseen", "Scratch", "rehearsing", "is_rehearsed", "NamedInFile",
    "Planned", "SentFinding", "Rehearsal", "rehearsal", "noting_commands", "FileObjects",
    "try_change",
    "ObjectChange", "compare", "Reference", "Secrets", "is_sealed", "unsealed", "conceal",
    "split_lines",
    # Past versions.
    "Wanted", "VersionRecord", "TouchedObject", "BlamedLine", "lines_of", "FileState",
    "Replacement", "Rollback", "RollbackPlan", "WhichFiles", "check_shown",
    # Versions that are to be confirmed.
    "Gate", "TrialRecord", "ChangeOptions", "show_outcome", "written_time",
    # The running HAProxy.
    "Runtime", "RuntimeClient", "runtime_commands", "PropertyChange",
    "runtime_argument", "first_words", "is_success", "refused", "is_ip",
    "haproxy_program", "child_environment", "ForeignFiles", "storage_folders",
    # Files and state that a plugin keeps.
    "State", "VersionedFile", "ConfigStore", "Snapshot", "Edit", "Transaction", "Transactions",
    "Verdict", "discard_store", "decode_text", "encode_text", "split_header", "Candidate", "locked",
    "read_file", "sweep_folder", "sync_directory", "storage_errors", "try_lock", "write_atomically",
    "Former", "Folder", "resource_folder", "StoredFiles", "BringToHaproxy", "NamedFiles",
]  # fmt: skip
# The words of declarations.
__all__ += grammar.__all__
