"""Which files a configuration names, and what HAProxy would say if one of them were another.

No keyword is known here: whatever word of a line leads to a file names that file. So the files of
keywords that come with a later HAProxy, or that only a plugin declares, are known as well.
"""

from dataplane_core.references.former import Former
from dataplane_core.references.loaded_files import LoadedFiles
from dataplane_core.references.stored_files import StoredFiles, Tell
from dataplane_core.references.used_files import UsedFiles

__all__ = ["Former", "LoadedFiles", "StoredFiles", "Tell", "UsedFiles"]
