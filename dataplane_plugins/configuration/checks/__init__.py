"""Steps of health checks: `http-check` and `tcp-check` lines."""
