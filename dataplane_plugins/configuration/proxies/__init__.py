"""`frontend`, `backend`, `listen` and `defaults` sections, with the statements of each topic."""
