"""Push 10,000 made-up customers to a fake of each CRM: `python -m experiments.push_10k`.

Requests fail at random (5xx, connections broken before and after the work was done), limits are
those of the vendors, records are refused by an admin's rule, accounts are locked. Waiting takes no
time: the client and the fake share a clock that only sleeping moves. Every record of the receipts
is compared with what the fake holds.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from serving.sinks.fields import KEY_NAME
from serving.sinks.job import Job
from serving.sinks.receipt import lines_of
from serving.sinks.tally import Pushed
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import FAKES, settings_at
from tests.serving.sinks.fakes.crm import Faults, Time, serving
from tests.web.made_up import scored, write_run

HERE = Path(__file__).parent
FAULTS = Faults(fail=0.03, drop_before=0.02, drop_after=0.02)
RULED = {
    Vendor.HUBSPOT: "churn_reason_1",
    Vendor.SALESFORCE: "churn_reason_1__c",
    Vendor.PIPEDRIVE: "Churn reason 1",
}
BAD = "refused by a rule of the tests"


def main(arguments: list[str] | None = None) -> None:
    """Push to each, say what happened, and write it to figures.json."""
    parser = argparse.ArgumentParser(prog="python -m experiments.push_10k", description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    asked = parser.parse_args(arguments)
    figures = {vendor.value: pushed_to(vendor, asked.customers) for vendor in FAKES}
    text = json.dumps(figures, indent=2) + "\n"
    (HERE / "figures.json").write_text(text)
    sys.stdout.write(text)
    sys.exit(any(found["disagreements"] for found in figures.values()))


def pushed_to(vendor: Vendor, count: int) -> dict[str, Any]:
    """One vendor's figures; `disagreements` between receipt and CRM should be none."""
    crm: Any = FAKES[vendor](time=Time())
    customers = [f"c{number:06}" for number in range(count)]
    with TemporaryDirectory() as home, serving(crm.app(), crm) as url:
        job = Job(vendor, settings_at(url, Path(home)), crm.time.clock)
        job.set_up()
        crm.time.seconds += 60
        prepared(crm, vendor, job, customers)
        started, before = process_time(), crm.time.seconds
        done = job.pushed()
        assert isinstance(done, Pushed)
        spent = {"cpu_seconds": process_time() - started, "waited": crm.time.seconds - before}
        again = Job(vendor, job.settings, crm.time.clock).shown(None, 0).plan
        lines = lines_of(done.receipt)
    meant = {customer: chance(number) for number, customer in enumerate(customers)}
    return {
        **done.tally.said,
        **{name: round(value, 1) for name, value in spent.items()},
        "requests": len(crm.asked),
        "refused_by_status": {str(k): n for k, n in sorted(crm.refused.items()) if n},
        "written_more_than_once": sum(n > 1 for n in crm.written.values()),
        "errors": {error[:60]: n for error, n in done.tally.errors.items()},
        "due_next_time": len(again.due),
        "disagreements": disagreements(lines, held_by(crm, vendor), meant),
    }


def prepared(crm: Any, vendor: Vendor, job: Job, customers: list[str]) -> None:
    """Companies for all but 1 %, reasons that a rule refuses for 1 %, locks, and faults."""
    rows = [scored(c, chance(n), **reasoned(n)) for n, c in enumerate(customers)]
    write_run(job.settings.scores, date(2026, 11, 1), rows)
    for number, customer in enumerate(customers):
        if number % 100 != 1:
            crm.add(customer)
    crm.rules[RULED[vendor]] = lambda value: BAD if "REFUSED" in str(value) else None
    if vendor is Vendor.SALESFORCE:
        crm.locked.update(dict.fromkeys(customers[5::500], 2))
    if vendor is Vendor.HUBSPOT:
        crm.stumbles.update(customers[5::500])
    crm.faults = replace(FAULTS)


def chance(number: int) -> float:
    """The probability of the customer of a number."""
    return round(0.01 + (number % 900) / 1000, 3)


def reasoned(number: int) -> dict[str, Any]:
    """What is said of a customer; of every hundredth, what a rule refuses."""
    return {"insufficient": "REFUSED"} if number % 100 == 2 else {}


def disagreements(
    lines: list[dict[str, Any]], held: dict[str, float], meant: dict[str, float]
) -> list[str]:
    """Customers without exactly one line, or whose card is not as their line says."""
    counted = Counter(line["customer_id"] for line in lines)
    accepted = {line["customer_id"] for line in lines if line["accepted"]}
    right = {customer: meant[customer] for customer in accepted}
    wrong = {customer for customer in meant if counted[customer] != 1}
    return sorted(wrong | {c for c in meant if held.get(c) != right.get(c)})


def held_by(crm: Any, vendor: Vendor) -> dict[str, float]:
    """The probability on each customer's card, where there is one."""
    if vendor is Vendor.HUBSPOT:
        cards, key, name, whole = crm.companies.values(), KEY_NAME, "churn_probability", 1
    elif vendor is Vendor.SALESFORCE:
        key, name = f"{KEY_NAME}__c", "churn_probability__c"
        cards, whole = crm.accounts.values(), 100
    else:
        cards = [organization["custom_fields"] for organization in crm.organizations.values()]
        key, name, whole = crm.code("Churn customer ID"), crm.code("Churn probability, %"), 100
    return {card[key]: round(float(card[name]) / whole, 3) for card in cards if card.get(name)}


if __name__ == "__main__":
    main()
