"""Form and send log lines, `app` (of the server itself) and `access` (one for each request).

This package knows no settings: `settings.logs` asks it for the notation of access lines, and
`server.log_targets` puts the targets of the settings in force.
"""
