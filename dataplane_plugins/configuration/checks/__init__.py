"""Health checks and their steps."""
