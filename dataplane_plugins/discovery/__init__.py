"""Backends whose servers come from elsewhere: Consul, AWS, and what plugins add."""
