"""The process: listeners, TLS, workers, signals, privileges."""
