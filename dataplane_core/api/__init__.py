"""The HTTP side: collections, API versions, schemas, handlers and the served specification."""
