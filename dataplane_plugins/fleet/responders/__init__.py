"""Answer `/dataplane/v1/fleet`, and let answers of changes wait."""
