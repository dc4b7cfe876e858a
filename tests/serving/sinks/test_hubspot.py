"""HubSpot in particular: 207 and 400, unique ids, validation rules, options, limits."""

import pytest

from features.errors import SinkError
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import Open

SOME = {f"c{number:03}": 0.05 + number / 1000 for number in range(40)}


def too_likely(value: str) -> str | None:
    return "over the limit of an admin's rule" if value and float(value) > 0.8 else None


@pytest.mark.parametrize("trusting", [True, False], ids=["207", "400"])
def test_one_bad_record_is_rejected_and_the_others_of_its_batch_are_not(trusting, opened: Open):
    world = opened(Vendor.HUBSPOT, rules={"churn_probability": too_likely}, trusting=trusting)
    world.scores({**SOME, "bad": 0.9})
    tally = world.pushed(create=True).tally
    assert (tally.accepted, tally.rejected) == (40, 1)
    (error,) = tally.errors
    assert "over the limit of an admin's rule" in error
    assert set(world.crm.written) == set(SOME)


def test_a_record_that_fails_in_passing_is_sent_again_alone(opened: Open):
    world = opened(Vendor.HUBSPOT, stumbles={"c003", "c004"})
    world.scores(SOME)
    assert world.pushed(create=True).tally.accepted == 40
    assert set(world.crm.written.values()) == {1}


def test_no_more_requests_are_made_in_ten_seconds_than_are_allowed(opened: Open):
    world = opened(Vendor.HUBSPOT)
    customers = {f"c{number:03}": 0.1 for number in range(130)}
    world.scores(customers)
    world.add([*customers])
    world.pushed(hubspot_batch=1)
    assert world.crm.refused[429] == 0
    assert sum(world.crm.time.slept) > 10


def test_a_429_is_waited_for_as_long_as_it_says(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores(SOME)
    world.add([*SOME])
    world.crm.window.most = 10  # another app of the account uses the rest
    assert world.pushed(hubspot_batch=2).tally.accepted == 40
    assert world.crm.refused[429] > 0


def test_the_end_of_a_days_limit_stops_at_once_and_says_when_to_go_on(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores(SOME)
    world.add([*SOME])
    world.crm.a_day = world.crm.today + 5
    with pytest.raises(SinkError, match="midnight in the account's time zone"):
        world.pushed(hubspot_batch=5)
    assert world.crm.refused[429] == 1


def test_a_key_without_unique_values_is_refused_before_anything_is_sent(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.crm.properties["churn_customer_id"]["hasUniqueValue"] = False
    world.scores(SOME)
    with pytest.raises(SinkError, match="without unique values, which cannot be changed"):
        world.pushed(create=True)
    assert not world.crm.written


def test_setup_adds_options_that_a_property_lacks_and_keeps_those_of_others(opened: Open):
    world = opened(Vendor.HUBSPOT)
    mine = {"label": "Ours", "value": "ours", "displayOrder": 9, "hidden": False}
    trend = world.crm.properties["churn_trend"]
    trend["options"] = [mine, *trend["options"][:1]]
    world.job().set_up()
    values = [option["value"] for option in world.crm.properties["churn_trend"]["options"]]
    assert values[0] == "ours"
    assert set(values) == {"ours", "rising", "falling", "steady", "new"}


def test_values_arrive_as_text_and_what_is_unknown_empties_the_property(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.25})
    world.add(["ann"])
    world.pushed()
    card = world.crm.of("ann")
    assert (card["churn_probability"], card["churn_band"]) == ("0.25", "medium")
    assert card["churn_renewal_date"] == "2027-03-01"
    assert card["churn_scored_at"] == "2026-11-01T02:00:00.000Z"
    world.scores({"ann": None}, insufficient="Signed up less than 28 days ago.")
    world.pushed()
    card = world.crm.of("ann")
    assert (card["churn_probability"], card["churn_band"]) == ("", "insufficient_data")
    assert card["churn_reason_1"] == "Signed up less than 28 days ago."


def test_a_companys_own_name_is_never_overwritten(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.crm.add("ann", name="Ann & Daughters")
    world.pushed(create=True)
    assert world.crm.of("ann")["name"] == "Ann & Daughters"
    assert world.crm.of("bob")["name"] == "Bob"
