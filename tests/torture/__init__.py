"""A server that is killed again and again in the midst of concurrent writes."""
