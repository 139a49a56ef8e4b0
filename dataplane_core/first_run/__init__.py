"""What `dataplane init` does: look what there is on a machine, and write settings for it."""
