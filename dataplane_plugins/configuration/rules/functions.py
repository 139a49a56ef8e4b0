"""Functions of sample expressions whose arguments are names (manual, sections 7.3.1 to 7.3.7).

`haproxy -dK` prints the types of arguments; here are all functions that have one of the types
`backend`, `frontend`, `server`, `table` and `user list`. Some of those that take any string take
the name of a file.
"""

from dataplane_core.plugin import (
    BACKENDS,
    FILES,
    FRONTENDS,
    SERVERS,
    STICK_TABLES,
    Function,
    NameKind,
    NameOf,
    Registry,
    impl,
)

_ARRAY = "(inc|clr|get)_gpc|get_gpt|gpc_rate"
"""What is read of a table's arrays: the place in the array is the argument in front."""

FUNCTIONS = (
    Function(
        "avg_queue|be_conn|be_conn_free|be_sess_rate|connslots|nbsrv|queue", (0, NameOf(*BACKENDS))
    ),
    Function("fe_conn|fe_req_rate|fe_sess_rate", (0, NameOf(*FRONTENDS))),
    Function(r"srv_(conn|conn_free|is_up|iweight|queue|sess_rate|uweight|weight)", (0, SERVERS)),
    Function("http_auth", (0, NameOf("userlist"))),
    Function("http_auth_group", (0, NameOf("userlist")), compared=NameKind.GROUP),
    Function(rf"sc_({_ARRAY})", (2, STICK_TABLES)),
    Function(rf"sc[0-2]_clr_gpc|src_({_ARRAY})", (1, STICK_TABLES)),
    Function(r"table_((clr_|inc_)?gpc|gpt|gpc_rate)", (1, STICK_TABLES)),
    Function(r"sc[0-2]_(?!key)\w+", (0, STICK_TABLES)),
    Function(r"sc_(?!key)\w+", (1, STICK_TABLES)),
    Function(r"in_table|table_\w+", (0, STICK_TABLES)),
    Function(
        r"src_(bytes|clr|conn|get|glitch|gpc[01]|http|inc|kbytes|sess|updt)_\w+", (0, STICK_TABLES)
    ),
    Function(r"map(_\w+)?", (0, FILES)),
    Function(r"lua\..+", (Function.NAME, NameOf(NameKind.LUA, behind="lua."))),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the functions."""
    registry.functions(*FUNCTIONS)
