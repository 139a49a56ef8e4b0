"""`server`, `server-template`, `bind` and `ssl-f-use` lines, with the tables of their keywords."""
