"""The `global` and `traces` sections, with the statements of each topic."""
