"""Settings of the server itself: the block `dataplaneapi`, under the names that operators know."""

from dataclasses import field

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import BOOLEAN, COUNT, DURATION, PATH, PORT, SIZE, TEXT, integer
from dataplane_core.settings.kinds import one_of as _one_of
from dataplane_core.settings.kinds import several as _several

_CLUSTER = "it belongs to cluster mode, which this server does not take part in"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The TLS listener, which `scheme` switches on with `https`."""

    tls_host: str = setting(
        "", TEXT, "Address of the TLS listener; empty: `host`.",
        flag="--tls-host", environment="TLS_HOST",
    )  # fmt: skip
    tls_port: int = setting(
        0, PORT, "Port of the TLS listener; 0: a free one, named in the log.",
        flag="--tls-port", environment="TLS_PORT",
    )  # fmt: skip
    tls_certificate: str = setting(
        "", PATH, "Certificate of the TLS listener, PEM, with its chain.",
        flag="--tls-certificate", environment="TLS_CERTIFICATE",
    )  # fmt: skip
    tls_key: str = setting(
        "", PATH, "Private key of the certificate, PEM; empty: it is in the certificate's file.",
        flag="--tls-key", environment="TLS_PRIVATE_KEY",
    )  # fmt: skip
    tls_ca: str = setting(
        "", PATH,
        "Certificate authorities of clients, PEM. When set, a client certificate is required on "
        "the TLS listener and replaces basic authentication there.",
        flag="--tls-ca", environment="TLS_CA_CERTIFICATE",
    )  # fmt: skip
    tls_roles: tuple[str, ...] = setting(
        (), _several(TEXT),
        "What clients with a certificate may do, by its alternative names: `reader:*.example.org`, "
        "`admin:spiffe://example.org/ops`. The first that fits counts, and nothing else is "
        "permitted; not set: all may do all.",
        flag="--tls-role",
    )  # fmt: skip
    tls_listen_limit: int = setting(
        0, COUNT, "Connections of the TLS listener, added to `listen_limit`.",
        flag="--tls-listen-limit",
    )  # fmt: skip
    tls_keep_alive: float = setting(
        0.0, DURATION, "`keep_alive` of the TLS listener; 0: the same.", flag="--tls-keep-alive"
    )
    tls_read_timeout: float = setting(
        0.0, DURATION, "`read_timeout` of the TLS listener; 0: the same.", flag="--tls-read-timeout"
    )
    tls_write_timeout: float = setting(
        0.0, DURATION, "`write_timeout` of the TLS listener; 0: the same.",
        flag="--tls-write-timeout",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserSettings:
    """One user of the API; with any of them in the settings, no userlist is read."""

    name: str = setting("", TEXT, "Name of the user; in HCL also the block's label.")
    password: str = setting(
        "", TEXT, "A hash that crypt(3) knows, or the password itself with `insecure`.", secret=True
    )
    insecure: bool = setting(False, BOOLEAN, "The password is not a hash.")
    role: str = setting(
        "admin", _one_of("reader", "operator", "editor", "admin"),
        "What the user may do: read; change what runs; change configuration and files, too; all.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserlistSettings:
    """Where users are found when the settings name none."""

    userlist: str = setting(
        "controller", TEXT, "Name of the `userlist` section whose users may use the API.",
        flag="--userlist", short="-u",
    )  # fmt: skip
    userlist_file: str = setting(
        "", PATH, "File that holds the userlist; empty: HAProxy's configuration.",
        flag="--userlist-file",
    )  # fmt: skip

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """The names of HAProxy's configuration that are used: each with its kind of section."""
        return frozenset() if self.userlist_file else frozenset({("userlist", self.userlist)})


@dataclass(frozen=True, slots=True)
class TransactionSettings:
    """Transactions and copies of past versions."""

    transaction_dir: str = setting(
        "/tmp/haproxy", PATH, "Folder for the candidates that HAProxy checks before a commit.",
        flag="--transaction-dir", short="-t",
    )  # fmt: skip
    backups_number: int = setting(
        0, COUNT, "How many past versions of the configuration are kept as files.",
        flag="--backups-number", short="-n",
    )  # fmt: skip
    backups_dir: str = setting(
        "", PATH, "Folder of those copies; empty: beside the configuration.", flag="--backups-dir"
    )
    max_open_transactions: int = setting(
        20, integer(1), "Open transactions at one time; one more is answered with 429.",
        flag="--max-open-transactions",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResourcesSettings:
    """Folders of the files around the configuration; they exist once the server answers."""

    maps_dir: str = setting(
        "/etc/haproxy/maps", PATH, "Folder of map files.", flag="--maps-dir", short="-p"
    )
    ssl_certs_dir: str = setting(
        "/etc/haproxy/ssl", PATH, "Folder of certificates.", flag="--ssl-certs-dir"
    )
    general_storage_dir: str = setting(
        "/etc/haproxy/general", PATH, "Folder of other files.", flag="--general-storage-dir"
    )
    spoe_dir: str = setting("/etc/haproxy/spoe", PATH, "Folder of SPOE files.", flag="--spoe-dir")
    spoe_transaction_dir: str = setting(
        "/tmp/spoe-haproxy", PATH, "Folder for SPOE files under transaction.",
        flag="--spoe-transaction-dir",
    )  # fmt: skip
    update_map_files: bool = setting(
        False, BOOLEAN, "Write changes of run-time maps back to their files.",
        flag="--update-map-files",
    )  # fmt: skip
    update_map_files_period: float = setting(
        10.0, DURATION, "How often they are written.", flag="--update-map-files-period"
    )


@dataclass(frozen=True, slots=True)
class AdvertisedSettings:
    """The address that this server would tell a cluster."""

    api_address: str = setting("", TEXT, "Address told to a cluster.", unused=_CLUSTER)
    api_port: int = setting(0, PORT, "Port told to a cluster.", unused=_CLUSTER)


@dataclass(frozen=True, slots=True)
class DataplaneapiSettings:
    """Listeners, process, users and folders."""

    scheme: tuple[str, ...] = setting(
        ("http",), _several(_one_of("http", "https", "unix")),
        "Listeners to open; may be given several times.", flag="--scheme",
    )  # fmt: skip
    host: str = setting(
        "localhost", TEXT, "Address of the plain listener.", flag="--host", environment="HOST"
    )
    port: int = setting(
        5555, PORT, "Port of the plain listener; 0: a free one, named in the log.",
        flag="--port", environment="PORT",
    )  # fmt: skip
    socket_path: str = setting(
        "/var/run/data-plane.sock", PATH, "Unix socket of the listener `unix`.",
        flag="--socket-path",
    )  # fmt: skip
    listen_limit: int = setting(
        0, COUNT, "Connections that are served at once; 0: 1000 a worker.", flag="--listen-limit"
    )
    keep_alive: float = setting(
        180.0, DURATION,
        "How long a silent connection stays before TCP asks whether the client still lives; "
        "0: every connection serves one request.",
        flag="--keep-alive",
    )  # fmt: skip
    read_timeout: float = setting(
        30.0, DURATION, "Longest wait for the next bytes of a request; 0: none.",
        flag="--read-timeout",
    )  # fmt: skip
    write_timeout: float = setting(
        30.0, DURATION, "Longest wait for a client to take bytes of an answer; 0: none.",
        flag="--write-timeout",
    )  # fmt: skip
    cleanup_timeout: float = setting(
        10.0, DURATION, "How long an idle connection is kept open for its next request.",
        flag="--cleanup-timeout",
    )  # fmt: skip
    graceful_timeout: float = setting(
        15.0, DURATION, "At SIGTERM, how long requests under way may take to end.",
        flag="--graceful-timeout",
    )  # fmt: skip
    max_header_size: int = setting(
        1 << 20, SIZE, "Total size of the headers of a request, which are 128 at most.",
        flag="--max-header-size",
    )  # fmt: skip
    debug_socket_path: str = setting(
        "", TEXT, "Socket of a debugger.", flag="--debug-socket-path",
        unused="this server has no debugger socket",
    )  # fmt: skip
    show_system_info: bool = setting(
        False, BOOLEAN, "Tell memory and processors of the machine in `/info`.",
        flag="--show-system-info", short="-i",
    )  # fmt: skip
    disable_inotify: bool = setting(
        False, BOOLEAN, "Do not watch HAProxy's configuration for edits by others.",
        flag="--disable-inotify",
    )  # fmt: skip
    pid_file: str = setting("", PATH, "File that holds the process id.", flag="--pid-file")
    uid: int = setting(
        0, COUNT, "User id to run as, once the listeners are open.", flag="--uid"
    )
    gid: int = setting(0, COUNT, "Group id to run as, likewise.", flag="--gid")
    tls: TlsSettings = field(default_factory=TlsSettings)
    user: tuple[UserSettings, ...] = ()
    userlist: UserlistSettings = field(default_factory=UserlistSettings)
    transaction: TransactionSettings = field(default_factory=TransactionSettings)
    resources: ResourcesSettings = field(default_factory=ResourcesSettings)
    advertised: AdvertisedSettings = field(default_factory=AdvertisedSettings)
