"""The page that people open in a browser: its files, its log-in, and what only it asks for."""
