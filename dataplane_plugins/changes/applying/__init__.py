"""What `POST /apply` takes, and how it becomes what is there."""

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml")
PLAIN = "text/plain"
ARCHIVE = ("application/x-tar", "application/gzip", "application/x-gzip")
"""The media types of desired states."""
