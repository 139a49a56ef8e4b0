"""What a plugin works with while the server runs: changes, versions, files, state and HAProxy.

Plugins import these names from `dataplane_core.plugin`.
"""

from dataplane_core.api.attempts import try_change
from dataplane_core.api.change_options import show_outcome
from dataplane_core.errors import Reference
from dataplane_core.haproxy.binaries import program as haproxy_program
from dataplane_core.haproxy.binaries import version as haproxy_version
from dataplane_core.haproxy.foreign_files import ForeignFiles, storage_folders
from dataplane_core.haproxy.live import is_ip, runtime_commands
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import (
    first_words,
    is_success,
    refused,
    runtime_argument,
)
from dataplane_core.haproxy.subprocesses import child_environment
from dataplane_core.references import BringToHaproxy, Former, NamedFiles, StoredFiles
from dataplane_core.references.brought_files import Replacement
from dataplane_core.references.rollback import Rollback, RollbackPlan, WhichFiles
from dataplane_core.references.shown_files import check_shown
from dataplane_core.resources.changes import PropertyChange
from dataplane_core.resources.comparison import Compared, compare, compare_first
from dataplane_core.resources.line_numbers import lines_of
from dataplane_core.resources.object_changes import ObjectChange
from dataplane_core.resources.secrets import Secrets, is_sealed, unsealed
from dataplane_core.services import FileObjects
from dataplane_core.store import State
from dataplane_core.store.archive import BlamedLine, Wanted
from dataplane_core.store.author import ChangeOptions, asked_by, who_asks
from dataplane_core.store.candidate import Candidate, write_atomically
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.files import (
    read_file,
    real_path,
    storage_errors,
    sweep_folder,
    sync_directory,
)
from dataplane_core.store.findings import SentFinding
from dataplane_core.store.folder import Folder, resource_folder
from dataplane_core.store.head import decode_text, digest_of, encode_text, split_header
from dataplane_core.store.journal.file_states import FileState
from dataplane_core.store.journal.trials import TrialRecord
from dataplane_core.store.journal.version_objects import TouchedObject
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.locks import locked, try_lock
from dataplane_core.store.numbers import discard_store
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
from dataplane_core.store.sharing import SharedFile
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.transactions import Edit, Transaction, Transactions
from dataplane_core.store.trial import Gate
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text.credentials import conceal
from dataplane_core.text.lines import split_lines
from dataplane_core.text.moments import written_time

__all__ = [
    # What a change is: the objects in which two documents differ, without their secrets.
    "ChangePlan", "FileChange", "Foreseen", "Scratch", "rehearsing", "is_rehearsed",
    "NamedInFile", "Planned", "SentFinding", "Rehearsal", "rehearsal", "noting_commands",
    "FileObjects", "try_change", "ObjectChange", "Compared", "compare", "compare_first",
    "Reference", "Secrets", "is_sealed",
    "unsealed", "conceal", "split_lines",
    # Past versions.
    "Wanted", "VersionRecord", "TouchedObject", "BlamedLine", "lines_of", "FileState",
    "Replacement", "Rollback", "RollbackPlan", "WhichFiles", "check_shown",
    # Versions that are to be confirmed.
    "Gate", "TrialRecord", "ChangeOptions", "show_outcome", "written_time",
    # The running HAProxy.
    "Runtime", "RuntimeClient", "runtime_commands", "PropertyChange", "runtime_argument",
    "first_words", "is_success", "refused", "is_ip", "haproxy_program", "haproxy_version",
    "child_environment",
    "ForeignFiles", "storage_folders",
    # Files and state that a plugin keeps.
    "State", "VersionedFile", "ConfigStore", "Snapshot", "Edit", "Transaction", "Transactions",
    "Verdict", "discard_store", "decode_text", "digest_of", "encode_text", "split_header",
    "Candidate", "locked", "read_file", "real_path", "sweep_folder", "sync_directory",
    "storage_errors", "try_lock", "write_atomically", "Former", "Folder", "resource_folder",
    "StoredFiles", "BringToHaproxy", "NamedFiles", "SharedFile",
    "asked_by", "who_asks",
]  # fmt: skip
