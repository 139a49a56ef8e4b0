"""What the store of a fleet keeps, and how it is read and written."""
