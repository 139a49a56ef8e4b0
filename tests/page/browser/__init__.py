"""The page in a browser, in front of a live HAProxy."""
