"""Pipedrive in particular: hashes, option numbers, amounts, the tokens of a day, no doubles."""

import pytest

from features.errors import AccessRefused, SinkError
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import Open
from tests.serving.sinks.fakes.crm import Faults

SOME = {f"c{number:03}": 0.05 + number / 1000 for number in range(40)}


def test_values_have_the_shape_of_their_type(opened: Open):
    world = opened(Vendor.PIPEDRIVE)
    world.scores({"ann": 0.256}, mrr=1000.0)
    world.add(["ann"])
    world.pushed(currency="EUR")
    card = world.crm.of("ann")
    assert card["Churn probability, %"] == 25.6
    assert card["Revenue at risk"] == {"value": 3072.0, "currency": "EUR"}
    options = world.crm.fields[world.crm.code("Churn band")]["options"]
    assert card["Churn band"] == next(o["id"] for o in options if o["label"] == "Medium")
    assert card["Churn: scored at"] == "2026-11-01"


def test_organizations_are_listed_once_and_not_again_when_their_ids_are_known(opened: Open):
    world = opened(Vendor.PIPEDRIVE, page=15)
    world.scores(SOME)
    world.add([*SOME])
    world.pushed()
    lists = [asked for asked in world.crm.asked if asked == "GET /api/v2/organizations"]
    assert len(lists) == 3
    world.crm.asked.clear()
    world.scores({name: chance + 0.01 for name, chance in SOME.items()})
    world.pushed(allowed="a test")
    assert "GET /api/v2/organizations" not in world.crm.asked


def test_an_organization_is_made_once_though_its_answer_was_lost(opened: Open):
    world = opened(Vendor.PIPEDRIVE)
    world.scores({"ann": 0.2})
    world.crm.faults = Faults(at={3: "drop_after"})
    assert world.pushed(create=True).tally.created == 1
    assert [asked for asked in world.crm.asked if asked.startswith("POST")][0:1]
    assert len(world.crm.organizations) == 1


def test_an_organization_that_is_gone_is_rejected_and_one_that_was_merged_is_found(opened: Open):
    world = opened(Vendor.PIPEDRIVE)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.add(["ann", "bob"])
    world.pushed()
    del world.crm.organizations[1], world.crm.organizations[2]
    world.crm.organizations[7] = {"id": 7, "name": "Bob", "custom_fields": {}}
    world.crm.organizations[7]["custom_fields"][world.crm.code("Churn customer ID")] = "bob"
    world.scores({"ann": 0.4, "bob": 0.5})
    tally = world.pushed().tally
    assert (tally.accepted, tally.rejected) == (1, 1)
    assert world.crm.of("bob")["Churn probability, %"] == 50.0


def test_the_burst_limit_is_kept_and_the_tokens_of_the_day_end_the_push(opened: Open):
    world = opened(Vendor.PIPEDRIVE)
    world.scores(SOME)
    world.add([*SOME])
    world.crm.tokens = 20 + 5 * 30  # two lists, and thirty updates
    with pytest.raises(SinkError, match="its limit for today may be used up"):
        world.pushed()
    assert len(world.crm.written) == 30
    assert world.crm.beyond <= 8
    world.crm.tokens = 1_000
    assert world.pushed().tally.accepted == 10
    assert set(world.crm.written.values()) == {1}


def test_a_blocked_address_stops_the_push(opened: Open):
    world = opened(Vendor.PIPEDRIVE)
    world.scores(SOME)
    world.crm.beyond = 1_000
    with pytest.raises(AccessRefused, match="HTTP 403"):
        world.pushed()
    assert len(world.crm.asked) == 1
