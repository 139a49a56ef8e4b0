"""Bring a member to what the fleet has, and do what it is told."""
