"""Who refers to what by its name, and other names for it."""
