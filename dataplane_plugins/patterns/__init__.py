"""Files of patterns, as maps and ACL lists are, on disk and in the running HAProxy."""
