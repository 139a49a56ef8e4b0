"""What the specification says of maps and their entries."""

from dataclasses import replace

from dataplane_core.plugin import (
    Body,
    Parameter,
    Prop,
    Response,
    Routes,
    array,
    operation,
)
from dataplane_plugins.patterns.map_uploads import MAP_FILE
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    REFUSED,
    name_parameter,
)

TAG = "Maps"
KEY_PATTERN = r"^[^\r\n]+$"
MAP_ENTRY = (
    Prop("id", read_only=True, help="HAProxy's own mark of the entry."),
    Prop("key", required=True, help="Key, without blanks."),
    Prop("value", required=True, help="Value."),
)
MAP_VALUE = (
    replace(MAP_ENTRY[0], help="Ignored: what a GET shows may be sent back."),
    replace(MAP_ENTRY[1], required=False, read_only=True, help="Ignored: the path names the key."),
    MAP_ENTRY[2],
)
IN_USE = Response({"$ref": "error"}, (), "The configuration names the file.")
UPLOAD = "fileUpload"
"""The field of an upload; `file_upload`, as everywhere else, is taken too."""
_FILE = {"$ref": "map_file"}
_ENTRY, _ENTRIES = {"$ref": "map_entry"}, {"$ref": "map_entries"}
_NAME = name_parameter(
    "name", "The map's file: its name, with or without .map, or its path.", where="path"
)
_MAP = name_parameter("map", "The map's file: its name, with or without .map, or its path.")
_KEY = Parameter("id", where="path", required=True, pattern=KEY_PATTERN, help="The key.")
_SYNC = Parameter("force_sync", "boolean", default=False, help="Write the map to its file at once.")
_UNMANAGED = Parameter(
    "include_unmanaged", "boolean", default=False, help="List maps outside the folder of maps too."
)
_REMOVE = Parameter("forceDelete", "boolean", default=False, help="Delete the file, too.")

MAP_LIST = {
    "GET": operation(
        "getAllRuntimeMapFiles",
        TAG,
        "List maps. Those that the running HAProxy has loaded from the folder of maps, or all of "
        "them.",
        (_UNMANAGED,),
        _200=Response({"$ref": "maps"}),
        _404=NO_SUCH_OBJECT,
    ),
    "POST": operation(
        "createRuntimeMap",
        TAG,
        "Upload the file of a map. It is stored in the folder of maps, for a rule to load it.",
        (),
        Body(_FILE, "multipart/form-data", form_field=UPLOAD),
        _201=Response(_FILE),
        _400=REFUSED,
        _409=OBJECT_EXISTS,
    ),
}
MAP_ITEM = {
    "GET": operation(
        "getOneRuntimeMap",
        TAG,
        "Read a map. Which file it is of, and what HAProxy calls it.",
        (_NAME,),
        _200=Response({"$ref": "map_file"}),
        _404=NO_SUCH_OBJECT,
    ),
    "PUT": operation(
        "addPayloadRuntimeMap",
        TAG,
        "Add entries to a map. All at once; of a key that the map has the value is set.",
        (_NAME, _SYNC),
        Body(_ENTRIES),
        _201=Response(_ENTRIES),
        _400=REFUSED,
    ),
    "DELETE": operation(
        "clearRuntimeMap",
        TAG,
        "Empty a map. The running HAProxy forgets its entries; the file goes too with "
        "`forceDelete`.",
        (_NAME, _REMOVE, _SYNC),
        _204=DELETED,
        _404=NO_SUCH_OBJECT,
        _409=IN_USE,
    ),
}
MAP_ENTRY_LIST = {
    "GET": operation(
        "showRuntimeMap",
        TAG,
        "List the entries of a map. Those that the running HAProxy has, which may be newer than "
        "the file.",
        (_MAP,),
        _200=Response(_ENTRIES),
        _404=NO_SUCH_OBJECT,
    ),
    "POST": operation(
        "addMapEntry",
        TAG,
        "Add an entry to a map. The running HAProxy has it at once, the file soon after.",
        (_MAP, _SYNC),
        Body(_ENTRY, props=MAP_ENTRY, example={"key": "www.example.com", "value": "web"}),
        _201=Response(_ENTRY),
        _400=REFUSED,
        _409=OBJECT_EXISTS,
    ),
}
_ADDING = MAP_ENTRY_LIST["POST"]
MAP_ENTRY_LIST_V3 = {
    **MAP_ENTRY_LIST,
    "POST": replace(
        _ADDING,
        body=Body(
            _ENTRY,
            props=tuple(replace(prop, required=False) for prop in MAP_ENTRY),
            example={"key": "www.example.com", "value": "web"},
        ),
    ),
}
"""The same, with a schema that requires nothing: what lacks is refused with another status."""
MAP_ENTRY_ITEM = {
    "GET": operation(
        "getRuntimeMapEntry",
        TAG,
        "Read an entry of a map. The first one of its key.",
        (_KEY, _MAP),
        _200=Response(_ENTRY),
        _404=NO_SUCH_OBJECT,
    ),
    "PUT": operation(
        "replaceRuntimeMapEntry",
        TAG,
        "Replace the value of a key in a map. The running HAProxy has it at once, the file soon "
        "after.",
        (_KEY, _MAP, _SYNC),
        Body({"$ref": "map_value"}, props=MAP_VALUE, example={"value": "web"}),
        _200=Response(_ENTRY),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
    "DELETE": operation(
        "deleteRuntimeMapEntry",
        TAG,
        "Delete a key from a map. The running HAProxy forgets it at once, the file soon after.",
        (_KEY, _MAP, _SYNC),
        _204=DELETED,
        _404=NO_SUCH_OBJECT,
    ),
}


def define_map_schemas(routes: Routes) -> None:
    """Define the schemas and the tag that these operations refer to."""
    routes.tag(TAG, "Maps of the running HAProxy, and their entries.", 30)
    routes.schema("map_file", MAP_FILE)
    routes.schema("maps", array("map_file"))
    routes.schema("map_entries", array("map_entry"))
