"""Example Balancers' add-on: keywords, tokens, a policy for commits, an audit trail.

Without a valid licence every hook does nothing. The server reads the settings first of all, so that
`dataplane_settings` decides; what it found is in `_IN_FORCE`.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from dataplane_core.plugin import (
    Access, Answered, ApiRequest, Document, Fact, Identity, Registry, Services, Settings,
    SettingsError, impl,
)
from dataplane_enterprise import audit, keywords, policy
from dataplane_enterprise.license import License, LicenseRefused, read_license
from dataplane_enterprise.settings import EnterpriseSettings, problems
from dataplane_enterprise.tokens import Tokens

PLUGIN_API = "1.2"

log = logging.getLogger("dataplane.enterprise")


@dataclass
class InForce:
    """What is in force in this process: nothing without a licence."""

    settings: EnterpriseSettings = field(default_factory=EnterpriseSettings)
    license: License | None = None
    reason: str = ""
    registry: Registry | None = None
    tokens: Tokens | None = None


_IN_FORCE = InForce()


@impl
def dataplane_settings(settings: Settings) -> None:
    """Look at the licence; without one say so once, and do nothing from then on."""
    mine = settings.block(EnterpriseSettings)
    found = InForce(mine)
    try:
        found.license = read_license(mine.license_file, date.today())
    except LicenseRefused as error:
        found.reason = str(error)
        log.warning("the enterprise add-on is disabled: %s", error)
    else:
        if faults := tuple(problems(settings)):
            raise SettingsError(faults)
    vars(_IN_FORCE).update(vars(found))


@impl
def dataplane_register(registry: Registry) -> None:
    """Add the keywords and the action, and keep the registry, which tells what lines mean."""
    if _IN_FORCE.license:
        keywords.extend(registry)
        _IN_FORCE.registry = registry
        _IN_FORCE.tokens = Tokens(_IN_FORCE.settings.tokens, registry)


@impl
def dataplane_authenticate(req: ApiRequest) -> Identity | None:
    """Know who has a token; passwords and certificates are the server's."""
    return _IN_FORCE.tokens.identify(req) if _IN_FORCE.tokens else None


@impl
def dataplane_authorize(identity: Identity, operation: Access) -> str | None:
    """Refuse what a token is not good for."""
    return _IN_FORCE.tokens.refusal(identity, operation) if _IN_FORCE.tokens else None


@impl
def dataplane_check(document: Document) -> list[str]:
    """Refuse a configuration that breaks the policy."""
    return _breaches(document) if _IN_FORCE.settings.policy == "enforce" else []


@impl
def dataplane_answered(answered: Answered) -> None:
    """Tell the audit trail."""
    if _IN_FORCE.license:
        audit.tell(_IN_FORCE.settings, answered)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Say whether the add-on works, and what breaks the policy."""
    if _IN_FORCE.license is None:
        yield Fact("enterprise", f"disabled: {_IN_FORCE.reason}", doubtful=True)
        return
    mine, holder = _IN_FORCE.settings, _IN_FORCE.license
    yield Fact(
        "enterprise",
        f"licensed to {holder.customer} until {holder.expires}; {len(mine.tokens)} tokens, "
        f"policy: {mine.policy}, audit: {mine.audit}",
    )
    if mine.policy != "off":
        for breach in _breaches(services.config.snapshot().document):
            yield Fact("policy", breach, doubtful=True)


def _breaches(document: Document) -> list[str]:
    registry = _IN_FORCE.registry
    return [*policy.breaches(registry, document)] if _IN_FORCE.license and registry else []
