"""Settings of a member of a fleet: the block `fleet`."""

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import BOOLEAN, PATH, TEXT, one_of


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """The fleet whose configuration this server shares, and how its store is reached."""

    store: str = setting(
        "", TEXT,
        "Where the fleet keeps what all of it shares: `etcd://host:2379,host:2379/prefix` or "
        "`consul://host:8500/prefix`, `etcds` and `consuls` over TLS. Empty: this server is "
        "alone, as are all others.",
        flag="--fleet-store",
    )  # fmt: skip
    name: str = setting(
        "default", TEXT, "Name of the fleet; one store may hold several.", flag="--fleet-name"
    )
    node: str = setting(
        "", TEXT, "Name of this member; empty: that of the server, or of the machine.",
        flag="--fleet-node",
    )  # fmt: skip
    group: str = setting(
        "", TEXT, "Group of this member, by which roll-outs and overlays name it.",
        flag="--fleet-group",
    )  # fmt: skip
    key_file: str = setting(
        "", PATH,
        "File with the key that all members have and the store never sees, as `dataplane "
        "fleet-key` makes it.",
        flag="--fleet-key-file",
    )  # fmt: skip
    user: str = setting("", TEXT, "User of the store (etcd).", flag="--fleet-user")
    password: str = setting(
        "", TEXT, "Password of the user.", environment="DATAPLANE_FLEET_PASSWORD", secret=True
    )
    token: str = setting(
        "", TEXT, "Token of the store (Consul).", environment="DATAPLANE_FLEET_TOKEN", secret=True
    )
    ca: str = setting(
        "", PATH, "Certificates that the store is verified with; empty: the system's.",
        flag="--fleet-ca",
    )  # fmt: skip
    certificate: str = setting(
        "", PATH, "Certificate with which this member reaches the store.",
        flag="--fleet-certificate",
    )  # fmt: skip
    private_key: str = setting(
        "", PATH, "Private key of that certificate.", flag="--fleet-private-key"
    )
    autonomous: bool = setting(
        False, BOOLEAN,
        "Whether changes are taken while the store cannot be reached; they are merged, or told, "
        "when it is back. Else they are refused until then.",
        flag="--fleet-autonomous",
    )  # fmt: skip
    hand_edits: str = setting(
        "adopt", one_of("adopt", "hold"),
        "What becomes of an edit by hand on this member: all members get it, or this one keeps it, "
        "is told to be apart, and takes part again once somebody has decided.",
        flag="--fleet-hand-edits",
    )  # fmt: skip
