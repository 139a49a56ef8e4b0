"""The tables of the state: versions, transactions and reloads, and the file that holds them."""
