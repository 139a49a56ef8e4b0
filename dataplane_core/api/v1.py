"""Version 1 of the interface: that of version 2 with fewer words, and `id` for `index`."""

from datetime import UTC, datetime

from dataplane_core.api.v2 import V2


class V1(V2):
    """Version 1 of the interface; what it lacks of version 2 is in its mask."""

    name = "v1"
    release = "v1.2.0"
    prefix = "/v1"
    deprecated: datetime | None = datetime(2020, 12, 31, tzinfo=UTC)
    successor = "v2"
    index_parameter = "id"
    index_property: str | None = "id"
