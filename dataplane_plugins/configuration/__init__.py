"""The families of haproxy.cfg: one module a family."""
