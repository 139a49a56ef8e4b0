"""Sites: a frontend with its backends as one object."""
