"""What the running HAProxy can be asked and told."""
