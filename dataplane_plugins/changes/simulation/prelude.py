"""The script that takes from Lua what would leave the scratch process."""

PRELUDE = """\
-- Runs in front of the scripts of a configuration that is simulated: they have no network, no
-- programs, no libraries in C and no files to write. A script that asks for one fails as if it were
-- not reachable.
local function refused(what)
  return function() error(what .. " is not available in a simulation", 2) end
end
core.tcp = refused("core.tcp")
core.httpclient = refused("core.httpclient")
os.execute, os.remove, os.rename = refused("os.execute"), refused("os.remove"), refused("os.rename")
os.exit, os.tmpname = refused("os.exit"), refused("os.tmpname")
io.popen, io.tmpfile = refused("io.popen"), refused("io.tmpfile")
local open, find = io.open, string.find
io.open = function(name, mode)
  if mode ~= nil and not find(mode, "^rb?$") then
    return nil, name .. ": not written in a simulation", 30
  end
  return open(name, mode)
end
io.output, package.loadlib = refused("io.output"), refused("package.loadlib")
-- What looks for libraries in C stands behind what looks for prepared modules and for scripts.
for at = #package.searchers, 3, -1 do package.searchers[at] = nil end
package.cpath = ""
debug, package.loaded.debug = nil, nil  -- it would find what stands above, and what that hides
for _, name in ipairs({ "socket", "socket.core", "socket.unix", "posix", "ssl", "cqueues" }) do
  package.preload[name] = refused(name)
end
"""
"""It runs in front of the scripts of a configuration; what they do with requests stays."""
