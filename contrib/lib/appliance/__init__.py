"""Build one file of the server with a chosen set of plugins: `contrib/appliance --help`."""
