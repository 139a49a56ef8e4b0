"""The section `global`, and the sections of the process."""
