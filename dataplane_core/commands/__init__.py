"""The subcommands of `dataplane`: some modules declare several, the others do the work of one."""
