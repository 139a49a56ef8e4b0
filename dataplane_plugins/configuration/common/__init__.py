"""What several kinds of lines share."""
