"""Make what is changed on a member the next revision of all."""
