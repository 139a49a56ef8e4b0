"""Convert between the JSON of an API version and the flat values of the grammar."""
