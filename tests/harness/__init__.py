"""What tests share: a server under gunicorn, a real HAProxy, and the recorded facts."""
