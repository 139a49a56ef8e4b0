"""The application for a WSGI server, from the settings that the command line and environment give.

gunicorn dataplane_core.wsgi:application
"""

import os

from dataplane_core.app import create_app
from dataplane_core.settings import load

application = create_app(load([], os.environ))
application.services.recover()
