"""One push as a whole: from the newest scoring run to a receipt."""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cached_property
from pathlib import Path
from typing import Any

from features.errors import Busy, SettingsError
from features.languages import ENGLISH_CODE
from features.settings import Settings
from serving.dataset import SCHEMA
from serving.opening import words_of
from serving.retold import Words
from serving.sinks.fields import FIELDS, Field, known, plain
from serving.sinks.opening import Wanted, sink_of
from serving.sinks.patience import Clock
from serving.sinks.plan import Plan, differences, planned, require_calm
from serving.sinks.push import Pusher
from serving.sinks.receipt import caught_up, failed
from serving.sinks.record import Record, gone, record
from serving.sinks.sink import SetUp, Sink
from serving.sinks.state import State, opened
from serving.sinks.tally import Pushed
from serving.sinks.told import Told, said_of, told
from serving.sinks.vendors import Form, Vendor

LOCK = ".lock"
Step = Callable[[int], None]


@dataclass(frozen=True)
class Shown:
    """What a push would do, and the first differences: customer, field, had, would get."""

    plan: Plan
    differences: list[tuple[str, str, Any, Any]]


@dataclass(frozen=True)
class Job:
    """What to push and where to; `as_of` None is the newest run."""

    vendor: Vendor
    settings: Settings
    clock: Clock
    as_of: date | None = None
    form: Form = Form.CSV
    create: bool = False

    def set_up(self) -> SetUp:
        """Make what the CRM lacks of what today's code scores; no run is needed."""
        fields = known(FIELDS, SCHEMA.names)
        with closing(self._sink(fields)) as sink:
            return sink.set_up(fields)

    def shown(self, retry: Path | None, most: int) -> Shown:
        """What a push would do; nobody is asked and nothing is sent."""
        with self._state() as state:
            plan = self._plan(state, retry)
            return Shown(plan, differences(plan, state.accepted(), most))

    def pushed(
        self,
        retry: Path | None = None,
        allowed: str | None = None,
        total: Step = lambda _: None,
        step: Step = lambda _: None,
    ) -> Pushed | Plan:
        """Send what is due; the plan, where nothing is. `allowed` is why many bands may change.

        Raises:
            ChurnError: It was refused, or stopped.
        """
        with self._state() as state:
            self._require_newer(state)
            plan = self._plan(state, retry)
            if allowed is None:
                require_calm(plan, self.settings.push_most_shifted)
            if not plan.due and not plan.skipped:
                return plan
            total(len(plan.due))
            with closing(self._sink(self.fields)) as sink:
                sink.require_ready(self.fields)
                pusher = Pusher(sink, state, self.folder, self.clock)
                pushed = pusher.push(plan, self._head(retry, allowed), step)
            state.tell(as_of=self.said["as_of"])
            return pushed

    @property
    def folder(self) -> Path:
        """Where this sink's state and receipts are."""
        return self.settings.pushes / self.vendor

    @cached_property
    def said(self) -> dict[str, Any]:
        """What the run says of itself."""
        return said_of(self.settings.scores, self.as_of)

    @cached_property
    def customers(self) -> list[Told]:
        """Everybody of the run."""
        found = told(self.settings.scores, self.as_of)
        if {self.settings.language, self.said.get("language", ENGLISH_CODE)} == {ENGLISH_CODE}:
            return found
        return [retold(customer, self.words) for customer in found]

    @cached_property
    def words(self) -> Words:
        """What reasons are told in, whatever language the run was scored in."""
        return words_of(self.settings)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields that the run can fill."""
        return known(FIELDS, self.customers[0].row if self.customers else ())

    def _records(self, accepted: Collection[str]) -> list[Record]:
        """Everybody of the run, and those of whom a CRM keeps a score though they have gone."""
        if self.vendor is Vendor.FILES:
            return [record(self.fields, customer, every=True) for customer in self.customers]
        fields, as_of = plain(self.fields), date.fromisoformat(self.said["as_of"])
        found = [record(fields, customer) for customer in self.customers]
        missing = sorted(set(accepted) - {record.customer_id for record in found})
        return [
            *found,
            *(gone(fields, customer, as_of, self.words.language) for customer in missing),
        ]

    def _plan(self, state: State, retry: Path | None) -> Plan:
        only = failed(retry) if retry else None
        again = timedelta(days=self.settings.push_again_days)
        now, whole, accepted = self.clock.today(), self.vendor is Vendor.FILES, state.accepted()
        return planned(self._records(accepted), accepted, now, again, only, whole)

    def _sink(self, fields: tuple[Field, ...]) -> Sink:
        as_of = self.said["as_of"] if self.vendor is Vendor.FILES else ""
        wanted = Wanted(fields, as_of, self.form, self.create)
        return sink_of(self.vendor, self.settings, wanted, self.clock)

    def _head(self, retry: Path | None, allowed: str | None) -> dict[str, Any]:
        said = {name: self.said.get(name) for name in ("as_of", "model_version")}
        return {**said, "retry_of": retry.name if retry else None, "shift_allowed": allowed}

    def _require_newer(self, state: State) -> None:
        """Refuses to write older scores over newer ones unless told to."""
        last, now = state.told("as_of"), self.said["as_of"]
        if last and now < last and self.as_of is None:
            raise SettingsError(
                f"The newest scores are as of {now}, but {self.vendor} has those of {last} already:"
                f" nothing was sent. Score again, or insist with --as-of {now}."
            )

    @contextmanager
    def _state(self) -> Iterator[State]:
        """This sink's state, for this process alone, with all that a killed one left."""
        with _alone(self.folder, self.vendor), opened(self.folder) as state:
            caught_up(state, self.folder)
            yield state


def retold(customer: Told, words: Words) -> Told:
    """A customer with its words in another language."""
    before = words.row(customer.before) if customer.before else None
    return replace(customer, row=words.row(customer.row), before=before, language=words.language)


@contextmanager
def _alone(folder: Path, vendor: Vendor) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Another push to {vendor} is running in {folder}: wait until it has ended."
            ) from None
        yield
