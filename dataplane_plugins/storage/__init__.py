"""The files beside the configuration: maps, certificates, and others."""
