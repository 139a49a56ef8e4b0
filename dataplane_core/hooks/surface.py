"""The version of what plugins import, and whether a plugin fits it."""

API_VERSION = "1.0"
"""The version of `dataplane_core.plugin`: MAJOR.MINOR.

The minor number rises when names are added, the major one when a name goes or means something else.
A plugin that states `PLUGIN_API = "1.2"` fits 1.2, 1.3 and so on, and neither 1.1 nor 2.0.
"""
