"""A fake CRM of each vendor, set up, and pushes to it through the real client over real HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from features.settings import Settings
from serving.sinks.job import Job
from serving.sinks.plan import Plan
from serving.sinks.tally import Pushed
from serving.sinks.vendors import Vendor
from tests.serving.sinks.fakes.crm import TOKEN, Faults, Time, serving
from tests.serving.sinks.fakes.hubspot import HubSpot
from tests.serving.sinks.fakes.pipedrive import Pipedrive
from tests.serving.sinks.fakes.salesforce import Salesforce
from tests.web.made_up import scored, write_run

Fake = HubSpot | Salesforce | Pipedrive
FAKES: Mapping[Vendor, Callable[..., Fake]] = {
    Vendor.HUBSPOT: HubSpot,
    Vendor.SALESFORCE: Salesforce,
    Vendor.PIPEDRIVE: Pipedrive,
}
TODAY = date(2026, 11, 1)


def settings_at(url: str, home: Path, **rest: Any) -> Settings:
    """Settings for every vendor at one address."""
    tokens = {f"{vendor}_token": SecretStr(TOKEN) for vendor in FAKES}
    addresses = {f"{vendor}_url": url for vendor in FAKES}
    return Settings(home=home, **{**tokens, **addresses, **rest})


@dataclass(frozen=True)
class World:
    """A fake CRM at an address, and the home of the scores that are pushed to it."""

    vendor: Vendor
    crm: Any  # tests know which one they asked for
    settings: Settings

    def job(self, **rest: Any) -> Job:
        settings = {name: rest.pop(name) for name in list(rest) if name in Settings.model_fields}
        changed = self.settings.model_copy(update=settings)
        return Job(self.vendor, changed, self.crm.time.clock, **rest)

    def scores(self, customers: Mapping[str, float | None], day: date = TODAY, **rest: Any) -> None:
        rows = [scored(customer, chance, **rest) for customer, chance in customers.items()]
        write_run(self.settings.scores, day, rows)

    def add(self, customers: Sequence[str]) -> None:
        """Companies that carry the customers' IDs, as somebody filled them in."""
        for customer in customers:
            self.crm.add(customer)

    def pushed(self, **rest: Any) -> Pushed:
        given = {name: rest.pop(name) for name in ("retry", "allowed") if name in rest}
        self.crm.time.seconds += 1  # two pushes are never at the same moment
        done = self.job(**rest).pushed(**given)
        assert not isinstance(done, Plan), "nothing was due"
        return done


Open = Callable[..., World]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a fake of a vendor with its fields made; what is given is set on the fake."""
    with ExitStack() as stack:

        def _opened(vendor: Vendor, set_up: bool = True, **given: Any) -> World:
            crm = FAKES[vendor](time=Time(), **given)
            faults, crm.faults = crm.faults, Faults()
            url = stack.enter_context(serving(crm.app(), crm))
            world = World(vendor, crm, settings_at(url, tmp_path / vendor))
            if set_up:
                world.job().set_up()
                crm.asked.clear()
                crm.time.seconds += 60
            crm.faults = replace(faults)
            return world

        yield _opened
