"""A plugin is a distribution with an entry point in the group `dataplane.plugins`."""

from setuptools import setup

setup(
    name="dataplane-udp-lb",
    version="1.0",
    py_modules=["dataplane_udp_lb"],
    python_requires=">=3.11",
    entry_points={"dataplane.plugins": ["udp-lb = dataplane_udp_lb"]},
)
