"""Tests of the server; the folders mirror the packages."""
