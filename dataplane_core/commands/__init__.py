"""The subcommands of `dataplane`, one module for each subject."""
