"""Find the files that a configuration names, and what HAProxy would say if one of them changed.

No keyword is known here: whatever word of a line leads to a file names that file. So files are
found that keywords of a later HAProxy name, or of a section that only a plugin declares.
"""

from dataplane_core.references.former import Former
from dataplane_core.references.loaded_files import LoadedFiles
from dataplane_core.references.named_files import NamedFiles
from dataplane_core.references.stored_files import BringToHaproxy, StoredFiles
from dataplane_core.references.used_files import UsedFiles

__all__ = ["Former", "LoadedFiles", "NamedFiles", "StoredFiles", "BringToHaproxy", "UsedFiles"]
