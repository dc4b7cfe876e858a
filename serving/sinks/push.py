"""A push: records go out batch by batch, and each answer is on the disk before the next request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import ChurnError, SinkError
from serving.sinks.patience import Clock, Dropped, backoff
from serving.sinks.plan import Plan
from serving.sinks.receipt import Receipt, begun, line_of
from serving.sinks.record import Outcome, Record, unheard
from serving.sinks.sink import Sink
from serving.sinks.state import State
from serving.sinks.tally import Pushed, tally_of

ROUNDS = 4  # tries of a record that is locked, or whose server fails, within one push
MOST_SILENT = 3  # batches in a row without any answer: the server is down


@dataclass(frozen=True)
class Pusher:
    """A sink with its state and receipts in a folder, and how time passes."""

    sink: Sink
    state: State
    folder: Path
    clock: Clock

    def push(
        self, plan: Plan, head: Mapping[str, Any], step: Callable[[int], None] = lambda _: None
    ) -> Pushed:
        """Sends what is due; a rejected record does not stop it.

        Raises:
            ChurnError: It was stopped: by a refused token, a limit or a server that is down. What
                was accepted until then is kept.
        """
        started = self.clock.today()
        head = {"sink": self.sink.name, "started_at": started.isoformat(), **head}
        with begun(self.folder, started, head) as receipt:
            at = started.isoformat()
            read = receipt.write(line_of(outcome, at, sent=False) for outcome in plan.skipped)
            self.state.tell(receipt=receipt.path.name, read=str(read))
            try:
                self._sent(plan.due, receipt, step)
            except ChurnError as stopped:
                raise type(stopped)(f"{stopped} {_so_far(plan, receipt.path)}") from stopped
            finally:
                self._close(plan, receipt)
        return Pushed(tally_of(plan, receipt.path), receipt.path)

    def _sent(self, due: Sequence[Record], receipt: Receipt, step: Callable[[int], None]) -> None:
        """Every record, and those that failed in passing a few times more."""
        silent = 0
        for attempt in range(ROUNDS):
            last = attempt == ROUNDS - 1
            passing: set[str] = set()
            for outcomes in self._answers(due):
                silent = silent + 1 if all(outcome.silent for outcome in outcomes) else 0
                self._require_up(silent, outcomes)
                standing = [outcome for outcome in outcomes if last or not outcome.passing]
                passing |= {o.customer_id for o in outcomes if o.passing and not last}
                self._keep(standing, receipt)
                step(len(standing))
            due = [record for record in due if record.customer_id in passing]
            if not due:
                return
            self.clock.sleep(backoff(attempt, self.clock))

    def _answers(self, records: Sequence[Record]) -> Iterator[list[Outcome]]:
        """What is said of each batch; records of which nothing is said are put off."""
        ids = {c: had.crm_id for c, had in self.state.accepted().items() if had.crm_id}
        for start in range(0, len(records), self.sink.batch):
            batch = records[start : start + self.sink.batch]
            self.state.note(batch)
            told: set[str] = set()
            try:
                for outcomes in self.sink.send(batch, ids):
                    told |= {outcome.customer_id for outcome in outcomes}
                    yield outcomes
            except Dropped as dropped:
                yield [unheard(r, str(dropped)) for r in batch if r.customer_id not in told]

    def _require_up(self, silent: int, outcomes: Sequence[Outcome]) -> None:
        if silent == MOST_SILENT:
            raise SinkError(
                f"{self.sink.name} does not answer ({outcomes[0].error}). Run the same command "
                "when it does: it goes on where it stopped."
            )

    def _keep(self, outcomes: Sequence[Outcome], receipt: Receipt) -> None:
        if outcomes:
            at = self.clock.today().isoformat()
            read = receipt.write(line_of(outcome, at) for outcome in outcomes)
            self.state.settle(outcomes, at, receipt.path.name, read)

    def _close(self, plan: Plan, receipt: Receipt) -> None:
        ended = self.clock.today().isoformat()
        read = receipt.write([{"ended_at": ended, **tally_of(plan, receipt.path).said}])
        self.state.tell(read=str(read))


def _so_far(plan: Plan, receipt: Path) -> str:
    tally = tally_of(plan, receipt)
    return (
        f"So far {tally.accepted:,} of {len(plan.due):,} records were accepted and {tally.left:,} "
        f"are left; receipt: {receipt}."
    )
