"""Lua of the process: scripts to load, and limits of their run (manual, sections 3.1 and 3.2)."""

from dataplane_core.plugin import (
    FileWith,
    NameKind,
    Prop,
    ScriptLanguage,
    dangerous,
    each_counts,
    integer,
    one_of,
    opt,
    rest,
    statements,
    word,
)
from dataplane_plugins.configuration.globals.keywords import choice, in_v3, on_off_word, time, words
from dataplane_plugins.configuration.globals.statements import SwitchedLimit
from dataplane_plugins.configuration.globals.tuning import TUNE, tuned


def script_language() -> ScriptLanguage:
    """Return how scripts are read for the names that they give; loaded when it is asked for."""
    from dataplane_plugins.configuration.globals.lua_scripts import LuaLanguage

    return LuaLanguage()


_V3 = "tune_lua_options."
SCRIPTS = FileWith(NameKind.LUA)
"""Files whose functions lines name behind `lua.`."""

LUA = (
    dangerous(
        statements(
            "lua-prepend-path",
            "lua_prepend_path",
            word("path", required=True, help="The path, with `?` for the module's name.")
            + opt(one_of("type", "path", "cpath", help="Lua modules, or libraries.")),
            help="Paths in which Lua looks for modules first.",
            examples=["lua-prepend-path /usr/share/lua/?.lua cpath"],
            rejects=["lua-prepend-path", "lua-prepend-path /x/?.lua other"],
            **in_v3("lua_options.prepend_path"),
        )
    ),
    dangerous(
        statements(
            "lua-load",
            "lua_loads",
            word("file", required=True, refers_to=SCRIPTS, help="The script.")
            + opt(rest("args", help="Arguments of the script.")),
            help="Lua scripts to load.",
            examples=["lua-load /etc/haproxy/a.lua", "lua-load /etc/haproxy/a.lua x y"],
            rejects=["lua-load"],
            **in_v3("lua_options.loads"),
        )
    ),
    dangerous(
        each_counts(
            words(
                "lua-load-per-thread",
                "lua_load_per_thread",
                "Lua script to load once for each thread, with its arguments.",
                v3="lua_options.load_per_thread",
                refers_to=SCRIPTS,
            )
        )
    ),
)

TUNING = (
    tuned(
        *("lua.forced-yield", "lua_forced_yield"),
        "Lua instructions after which a script must pause.",
    ),
    SwitchedLimit(
        "tune.lua.maxmem",
        integer(
            TUNE + "lua_maxmem_megabytes",
            nullable=True,
            help="Memory of Lua in each process, in megabytes.",
            **in_v3(_V3 + "maxmem"),
        ),
        Prop(
            TUNE + "lua_maxmem",
            "boolean",
            help="Whether Lua's memory is limited, by `lua_maxmem_megabytes`.",
        ),
        examples=["tune.lua.maxmem 100"],
        rejects=["tune.lua.maxmem"],
    ),
    *(
        time(f"tune.lua.{keyword}", TUNE + name, help, v3=_V3 + name.removeprefix("lua_"))
        for keyword, name, help in (
            ("session-timeout", "lua_session_timeout", "Time that a Lua session may take."),
            ("burst-timeout", "lua_burst_timeout", "Time that Lua may run without a pause."),
            ("task-timeout", "lua_task_timeout", "Time that a Lua task may take."),
            ("service-timeout", "lua_service_timeout", "Time that a Lua service may take."),
        )
    ),
    on_off_word(
        "tune.lua.log.loggers",
        TUNE + "lua_log_loggers",
        "Whether messages of Lua go to the log.",
        v3=_V3 + "log_loggers",
    ),
    on_off_word(
        "tune.lua.log.stderr",
        TUNE + "lua_log_stderr",
        "Whether messages of Lua go to standard error.",
        v3=_V3 + "log_stderr",
        auto="auto",
    ),
    choice(
        *("tune.lua.bool-sample-conversion", TUNE + "lua_bool_sample_conversion"),
        ("normal", "pre-3.1-bug"),
        "How Lua sees boolean samples.",
        v3=_V3 + "bool_sample_conversion",
    ),
)
