"""The script that takes from Lua what would leave the scratch process."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dataplane_core.plugin import DataplaneError

_UNRESTRAINED = "is compiled, and only a namespace of the kernel keeps such a one from the network"
_COMPILED = b"\x1bLua"


class CompiledScript(DataplaneError):
    """A script is compiled, and nothing would keep it from the network."""

    status = 422


def refuse_compiled(paths: Iterable[str]) -> None:
    """Raise `CompiledScript` if a file is compiled Lua, which no other script can restrain."""
    for path in filter(os.path.isfile, paths):
        with suppress(OSError), open(path, "rb") as file:
            if file.read(len(_COMPILED)) == _COMPILED:
                name = Path(path).name
                raise CompiledScript(f"nothing is simulated: the script {name} {_UNRESTRAINED}")

PRELUDE = """\
-- Runs in front of the scripts of a configuration that is simulated: they have no network, no
-- programs, no libraries in C and no files to write. A script that asks for one fails as if it were
-- not reachable.
local function refused(what)
  return function() error(what .. " is not available in a simulation", 2) end
end
-- `tune.lua.openlibs` may have left some libraries out.
local os, io = os or {}, io or {}
local package = package or { searchers = {}, preload = {}, loaded = {} }
local string = string or { find = function() end }
core.tcp = refused("core.tcp")
core.httpclient = refused("core.httpclient")
os.execute, os.remove, os.rename = refused("os.execute"), refused("os.remove"), refused("os.rename")
os.exit, os.tmpname = refused("os.exit"), refused("os.tmpname")
io.popen, io.tmpfile = refused("io.popen"), refused("io.tmpfile")
local error, find, open = error, string.find, io.open
io.open = function(name, mode)
  if mode ~= nil and not find(mode, "^rb?$") then
    return nil, name .. ": not written in a simulation", 30
  end
  return open(name, mode)
end
io.output, package.loadlib = refused("io.output"), refused("package.loadlib")
-- `set_addr` of a server HAProxy refuses: servers are at a Unix socket here.
-- Code comes as text: what is compiled may do anything.
local load, loadfile = load, loadfile
_G.load = function(chunk, name, mode, ...) return load(chunk, name, "t", ...) end
_G.loadfile = function(name, mode, ...) return loadfile(name, "t", ...) end
_G.dofile = function(name)
  local chunk, said = loadfile(name, "t")
  if chunk == nil then error(said, 2) end
  return chunk()
end
local searchpath = package.searchpath
package.searchers[2] = function(name)
  local file, said = searchpath(name, package.path)
  if file == nil then return said end
  local chunk, wrong = loadfile(file, "t")
  if chunk == nil then
    error("error loading module '" .. name .. "' from file '" .. file .. "':\\n\\t" .. wrong, 0)
  end
  return chunk, file
end
-- What looks for libraries in C stands behind what looks for prepared modules and for scripts.
for at = #package.searchers, 3, -1 do package.searchers[at] = nil end
package.cpath = ""
_G.debug, package.loaded.debug = nil, nil  -- it would find what stands above, and what that hides
for _, name in ipairs({ "socket", "socket.core", "socket.unix", "posix", "ssl", "cqueues" }) do
  package.preload[name] = refused(name)
end
"""
"""It runs in front of the scripts of a configuration; what they do with requests stays."""
