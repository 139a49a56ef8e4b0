"""What a configuration does with a request, as HAProxy itself decides it, without any traffic."""
