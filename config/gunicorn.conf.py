"""Run the application under a gunicorn of your own, in place of `dataplane serve`.

    DATAPLANE_SETTINGS=/etc/dataplane/dataplane.yaml gunicorn -c config/gunicorn.conf.py

The settings' listeners, TLS, users and folders are `dataplane serve`'s business: here gunicorn's
own settings say where to listen, and folders and rights are up to whoever starts it. Everything
else of the settings holds.
"""

wsgi_app = "dataplane_core.wsgi:application"
bind = ["127.0.0.1:5555"]
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 10
limit_request_line = 8190
preload_app = True  # workers share the memory of what is loaded
sendfile = False
control_socket_disable = True


def post_worker_init(worker):
    """Begin the background work: reloads, watching the configuration, discovery."""
    worker.app.wsgi().services.start()


def worker_exit(server, worker):
    """End it in good order."""
    if worker.booted:
        worker.app.wsgi().services.stop()
