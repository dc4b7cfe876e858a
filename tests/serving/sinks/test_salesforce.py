"""Salesforce in particular: results in order, locked rows, hidden fields, percents, tokens."""

from typing import Any

import pytest
from pydantic import SecretStr

from features.errors import AccessRefused, SettingsError, SinkError
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import Open
from tests.serving.sinks.fakes.salesforce import CLIENT

SOME = {f"c{number:03}": 0.05 + number / 1000 for number in range(40)}


def too_likely(value: Any) -> str | None:
    return "over the limit of an admin's rule" if value and value > 80 else None


def test_one_bad_record_is_rejected_and_the_others_of_its_request_are_not(opened: Open):
    world = opened(Vendor.SALESFORCE, rules={"churn_probability__c": too_likely})
    world.scores({**SOME, "bad": 0.9})
    tally = world.pushed(create=True).tally
    assert (tally.accepted, tally.rejected) == (40, 1)
    said = "FIELD_CUSTOM_VALIDATION_EXCEPTION: over the limit of an admin's rule"
    assert tally.errors == {said: 1}


def test_a_locked_account_is_tried_again_and_given_up_in_the_end(opened: Open):
    world = opened(Vendor.SALESFORCE)
    world.scores(SOME)
    world.add([*SOME])
    world.crm.locked.update({"c003": 2, "c004": 99})
    tally = world.pushed().tally
    assert (tally.accepted, tally.rejected) == (39, 1)
    assert "UNABLE_TO_LOCK_ROW" in next(iter(tally.errors))
    assert set(world.crm.written.values()) == {1}


def test_no_request_carries_more_than_200_records(opened: Open):
    world = opened(Vendor.SALESFORCE)
    customers = {f"c{number:03}": 0.2 for number in range(410)}
    world.scores(customers)
    world.add([*customers])
    assert world.pushed().tally.accepted == 410
    assert len([asked for asked in world.crm.asked if asked.startswith("PATCH")]) == 3


def test_percents_are_of_100_and_days_to_renewal_are_counted_there(opened: Open):
    world = opened(Vendor.SALESFORCE)
    world.scores({"ann": 0.256})
    world.add(["ann"])
    world.pushed()
    assert world.crm.of("ann")["churn_probability__c"] == 25.6
    assert "churn_days_to_renewal__c" not in world.crm.of("ann")
    made = world.crm.fields["churn_days_to_renewal__c"]
    assert made["formula"] == "churn_renewal_date__c - TODAY()"


def test_setup_says_how_to_make_by_hand_what_it_may_not_make(opened: Open):
    world = opened(Vendor.SALESFORCE, set_up=False, may_make_fields=False)
    done = world.job().set_up()
    assert done.made == ()
    band = next(said for said in done.left if "churn_band__c" in said)
    assert "Object Manager > Account" in band
    assert "low, medium, high, critical, insufficient_data" in band


def test_setup_says_that_a_field_is_there_but_hidden(opened: Open):
    world = opened(Vendor.SALESFORCE)
    world.crm.hidden.add("churn_band__c")
    done = world.job().set_up()
    assert "churn_band__c is there, but this user may not see it." in done.left
    world.scores({"ann": 0.2})
    with pytest.raises(SinkError, match="churn_band__c that this user may see"):
        world.pushed()


def test_a_client_fetches_its_token_and_fetches_another_when_it_expires(opened: Open):
    world = opened(Vendor.SALESFORCE)
    client = {f"salesforce_{name}": SecretStr(value) for name, value in CLIENT.items()}
    customers = {f"c{number:03}": 0.2 for number in range(410)}
    world.scores(customers)
    world.add([*customers])
    world.crm.uses = 2
    assert world.pushed(**client).tally.accepted == 410
    assert world.crm.tokens == 2


def test_a_client_that_is_refused_is_told_so_without_its_secret(opened: Open):
    world = opened(Vendor.SALESFORCE)
    world.scores(SOME)
    wrong = {"salesforce_client_id": SecretStr("x"), "salesforce_client_secret": SecretStr("hush")}
    with pytest.raises(AccessRefused, match="invalid client credentials") as refused:
        world.pushed(**wrong)
    assert "hush" not in str(refused.value)


def test_the_end_of_the_days_requests_stops_at_once(opened: Open):
    world = opened(Vendor.SALESFORCE, a_day=100)
    world.scores(SOME)
    world.crm.a_day = 1
    with pytest.raises(SinkError, match="limit of requests in 24 hours"):
        world.pushed(create=True)


def test_a_token_goes_to_no_address_that_is_not_encrypted(opened: Open):
    world = opened(Vendor.SALESFORCE)
    world.scores(SOME)
    with pytest.raises(SettingsError, match="is not an https:// address"):
        world.pushed(salesforce_url="http://acme.my.salesforce.com")
