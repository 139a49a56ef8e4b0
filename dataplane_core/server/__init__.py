"""Serve a WSGI application with gunicorn: listeners, TLS, workers, signals, logs, privileges.

The package knows no application: `starting.serve` is given what reads the settings and what
makes the application, and `state` puts both in force.
"""
