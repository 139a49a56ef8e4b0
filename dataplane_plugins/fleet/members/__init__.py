"""Who the members are, what each has and remembers, and what it says."""
