"""What is declared and where it stands in a document: no HTTP, no store."""
