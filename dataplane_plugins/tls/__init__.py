"""Certificates, as files have them and as the running HAProxy has them."""
