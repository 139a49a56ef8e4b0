"""What serves the past versions; loaded when somebody first asks for them."""
