"""`churn push`: scores into a CRM. Settings and the clock are read here."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import ExitCode, SettingsError
from serving.sinks.vendors import Form, Vendor

if TYPE_CHECKING:
    from serving.sinks.job import Job, Shown
    from serving.sinks.plan import Plan
    from serving.sinks.sink import SetUp
    from serving.sinks.tally import Pushed

SHOWN = 20  # customers of a dry run's table
ERRORS = 5  # kinds of errors told; the receipt has them all


def push(  # noqa: PLR0913, PLR0917  # every parameter is an option
    vendor: Annotated[Vendor, typer.Argument(help="Where the scores go.")],
    setup: Annotated[
        bool, typer.Option("--setup", help="Make the fields that the CRM lacks; send nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference; ask and send nothing.")
    ] = False,
    retry_failed: Annotated[
        Path | None,
        typer.Option(
            help="Send again only the records that this receipt says failed.", metavar="RECEIPT"
        ),
    ] = None,
    allow_shift: Annotated[
        str | None,
        typer.Option(
            help="Push though many bands changed; the reason is kept in the receipt.",
            metavar="REASON",
        ),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make a company for a customer that the CRM lacks.")
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Push this date's scores, not the newest."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Of files.")] = Form.CSV,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write the newest scores into a CRM, or into files.

    Only what changed since the last accepted push is sent, and every record sent has a line in a
    receipt. Ends with 5 if records were not taken, with 2 if the CRM refuses the token; the same
    command again goes on where it stopped.
    """
    from features.settings import read_settings
    from serving.sinks.job import Job
    from serving.sinks.patience import Clock

    _require_one(setup=setup, dry_run=dry_run)
    if allow_shift is not None and not allow_shift.strip():
        raise SettingsError("--allow-shift needs a reason, which the receipt keeps.")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address asked
    day = as_of.date() if as_of else None
    job = Job(vendor, read_settings(), Clock(), day, form, create)
    if setup:
        _say(_set_up(vendor, job.set_up(), as_json))
    elif dry_run:
        _say(_shown(vendor, job.shown(retry_failed, SHOWN), as_json))
    else:
        _end(vendor, _pushed(job, retry_failed, allow_shift, as_json), as_json)


def _pushed(job: "Job", retry: Path | None, allowed: str | None, quiet: bool) -> "Pushed | Plan":
    from features.progress import counted

    with counted(f"records to {job.vendor}", quiet) as (total, step):
        return job.pushed(retry, allowed, total, step)


def _end(vendor: Vendor, ended: "Pushed | Plan", as_json: bool) -> None:
    """Says what was done; ends with 5 if something was not taken."""
    from serving.sinks.plan import Plan

    if isinstance(ended, Plan):
        said = {"customers": ended.customers, "sent": 0, "unchanged": ended.unchanged}
        _say(json.dumps(said) if as_json else _nothing(vendor, ended))
        return
    _say(_json(ended) if as_json else _worded(vendor, ended))
    if ended.tally.rejected or ended.tally.skipped:
        raise typer.Exit(ExitCode.PARTIAL)


def _worded(vendor: Vendor, pushed: "Pushed") -> str:
    tally = pushed.tally
    made = f", {tally.created:,} of them new there" if tally.created else ""
    lines = [
        f"{vendor}: {tally.customers:,} customers: {tally.sent:,} sent ({tally.accepted:,} "
        f"accepted{made}; {tally.rejected:,} rejected), {tally.unchanged:,} unchanged, "
        f"{tally.skipped:,} skipped.",
        *(f"  {count:,} x {error}" for error, count in list(tally.errors.items())[:ERRORS]),
        f"Receipt: {pushed.receipt}",
    ]
    if tally.rejected:
        again = f"churn push {vendor} --retry-failed {pushed.receipt}"
        lines.append(f"When the cause is put right, send those again: {again}")
    return "\n".join(lines)


def _json(pushed: "Pushed") -> str:
    errors = dict(pushed.tally.errors)
    said: dict[str, Any] = {**pushed.tally.said, "errors": errors, "receipt": str(pushed.receipt)}
    return json.dumps(said, indent=2)


def _nothing(vendor: Vendor, plan: "Plan") -> str:
    return f"{vendor}: {plan.customers:,} customers: nothing changed, nothing was sent."


def _shown(vendor: Vendor, shown: "Shown", as_json: bool) -> str:
    plan = shown.plan
    counts = {
        "customers": plan.customers,
        "new": plan.new,
        "changed": plan.changed,
        "refreshed": plan.refreshed,
        "unchanged": plan.unchanged,
        "skipped": len(plan.skipped),
        "bands_changed": plan.shifted,
        "bands_compared": plan.compared,
    }
    if as_json:
        rows = [dict(zip(("customer_id", "field", "had", "gets"), row, strict=True))
                for row in shown.differences]  # fmt: skip
        return json.dumps({**counts, "differences": rows}, indent=2, ensure_ascii=False)
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    first = min(len(plan.due), SHOWN)
    lines = [f"{vendor}, dry run, nothing was sent: {told}."]
    lines += [f"The first {first:,} of {len(plan.due):,} records to send:"] if first else []
    return "\n".join([*lines, *_table(shown)])


def _table(shown: "Shown") -> list[str]:
    """One line a field: what the CRM has and would get."""
    rows = shown.differences
    widths = [max((len(row[place]) for row in rows), default=0) for place in (0, 1)]
    return [
        f"  {customer:<{widths[0]}}  {name:<{widths[1]}}  {_value(had)} -> {_value(gets)}"
        for customer, name, had, gets in rows
    ]


def _value(value: Any) -> str:
    return "(empty)" if value is None else str(value)


def _set_up(vendor: Vendor, done: "SetUp", as_json: bool) -> str:
    if as_json:
        return json.dumps({"made": done.made, "there": done.there, "left": done.left}, indent=2)
    made = ", ".join(done.made) or "none"
    counts = f"{vendor}: made {made}; {len(done.there)} were there already."
    return "\n".join([counts, *(f"To do: {what}" for what in done.left)])


def _require_one(**given: bool) -> None:
    if sum(given.values()) > 1:
        raise SettingsError("--setup and --dry-run are two things: ask for one.")


def _say(said: str) -> None:
    typer.echo(said)
