"""Logging: what the server has to say (`app`) and who asked for what (`access`)."""
