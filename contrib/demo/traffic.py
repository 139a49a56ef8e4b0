"""Some traffic, for the page to have something to show: `traffic.py PORT`."""

import random
import sys
import time
import urllib.request

PATHS = ("/", "/", "/", "/cart", "/api/items", "/api/orders", "/broken", "/missing")
REST = 0.4  # seconds between two requests, about


def main() -> None:
    """Ask for random paths until somebody ends this."""
    port = int(sys.argv[1])
    while True:
        try:
            url = f"http://127.0.0.1:{port}{random.choice(PATHS)}"
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            pass  # an answer that says what is wrong is traffic, too
        time.sleep(random.uniform(0.2, 1.8) * REST)


if __name__ == "__main__":
    main()
