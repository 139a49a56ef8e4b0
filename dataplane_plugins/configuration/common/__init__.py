"""Values, addresses and lines that tables in several folders share."""
