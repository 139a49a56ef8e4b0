"""Example Balancers' add-on: keywords, tokens, a policy for commits, an audit trail.

Without a valid licence every hook does nothing. The server makes an `Enterprise` for each
application, and reads the settings first of all: what is found then stays in that object.
"""

import logging
from collections.abc import Iterator
from datetime import date

from dataplane_core.plugin import (
    Access, Answered, ApiRequest, Document, Fact, Identity, Registry, Services, Settings,
    SettingsError, impl,
)
from dataplane_enterprise import audit, keywords, policy
from dataplane_enterprise.license import License, LicenseRefused, read_license
from dataplane_enterprise.settings import EnterpriseSettings, problems
from dataplane_enterprise.tokens import Tokens

log = logging.getLogger("dataplane.enterprise")


class Enterprise:
    """The add-on in one application."""

    PLUGIN_API = "1.4"

    def __init__(self) -> None:
        self.settings = EnterpriseSettings()
        self.license: License | None = None
        self.reason = ""
        self.registry: Registry | None = None
        self.tokens: Tokens | None = None

    @impl
    def dataplane_settings(self, settings: Settings) -> None:
        """Look at the licence; without one say so once, and do nothing from then on."""
        self.settings = settings.block(EnterpriseSettings)
        try:
            self.license = read_license(self.settings.license_file, date.today())
        except LicenseRefused as error:
            self.reason = str(error)
            log.warning("the enterprise add-on is disabled: %s", error)
        else:
            if faults := tuple(problems(settings)):
                raise SettingsError(faults)

    @impl
    def dataplane_register(self, registry: Registry) -> None:
        """Add the keywords and the action, and keep the registry, which tells what lines mean."""
        if self.license:
            keywords.extend(registry)
            self.registry = registry
            self.tokens = Tokens(self.settings.tokens, registry)

    @impl
    def dataplane_authenticate(self, req: ApiRequest) -> Identity | None:
        """Know who has a token; passwords and certificates are the server's."""
        return self.tokens.identify(req) if self.tokens else None

    @impl
    def dataplane_authorize(self, identity: Identity, operation: Access) -> str | None:
        """Refuse what a token is not good for."""
        return self.tokens.refusal(identity, operation) if self.tokens else None

    @impl
    def dataplane_check(self, document: Document) -> list[str]:
        """Refuse a configuration that breaks the policy."""
        return self._breaches(document) if self.settings.policy == "enforce" else []

    @impl
    def dataplane_answered(self, answered: Answered) -> None:
        """Tell the audit trail."""
        if self.license:
            audit.tell(self.settings, answered)

    @impl
    def dataplane_status(self, services: Services) -> Iterator[Fact]:
        """Say whether the add-on works, and what breaks the policy."""
        if self.license is None:
            yield Fact("enterprise", f"disabled: {self.reason}", doubtful=True)
            return
        mine, holder = self.settings, self.license
        yield Fact(
            "enterprise",
            f"licensed to {holder.customer} until {holder.expires}; {len(mine.tokens)} tokens, "
            f"policy: {mine.policy}, audit: {mine.audit}",
        )
        if mine.policy != "off":
            for breach in self._breaches(services.config.snapshot().document):
                yield Fact("policy", breach, doubtful=True)

    def _breaches(self, document: Document) -> list[str]:
        registry = self.registry
        return [*policy.breaches(registry, document)] if self.license and registry else []
