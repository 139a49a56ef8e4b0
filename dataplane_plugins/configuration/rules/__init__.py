"""Rules and other lines that are tried in their order."""
