"""Look what of HAProxy is on a machine, and write settings for it: `dataplane init`."""
