"""The Scorer that answers now, and how a new model takes its place while requests are under way."""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

from features.errors import ContractError, ModelMissing
from features.outside import faults
from serving.metrics import LOOKED, REFUSED, answering_with
from serving.scorer import Scorer

log = logging.getLogger(__name__)


class Live:
    """One immutable Scorer after another: whoever reads `scorer` keeps it until the answer is out.

    `where` gives the folder of the model in force, `load` a Scorer with the model in a folder.
    Only `look` changes anything, by one assignment, when the new model was loaded and checked.
    """

    def __init__(
        self,
        where: Callable[[], Path],
        load: Callable[[Path], Scorer],
    ) -> None:
        self._where, self._load = where, load
        self._place = self._refused = where()
        self.scorer = load(self._place)
        answering_with(self.scorer.model.version)
        self._changing = Lock()

    def look(self, again: bool = False) -> bool:
        """Follow the pointer if it has moved; whether the model that it names answers now.

        A model that was refused is not tried twice, unless `again`.
        """
        with self._changing:
            try:
                place = self._where()
            except (ModelMissing, OSError) as gone:
                log.warning("the pointer cannot be read, the model stays: %s", gone)
                return False
            if place == self._place:
                self._refused = place
            elif place != self._refused or again:
                self._change(place)
            return place == self._place

    def _change(self, place: Path) -> None:
        before = self.scorer.model.version
        try:
            changed = self._warm(place)
        except (ContractError, ModelMissing, OSError) as broken:
            self._refused = place
            REFUSED.inc()
            log.error("refused a new model, %s goes on: %s", before, broken)
            return
        self.scorer, self._place, self._refused = changed, place, place
        answering_with(changed.model.version, before)
        log.warning("the model is now %s; it was %s", changed.model.version, before)

    def _warm(self, place: Path) -> Scorer:
        """The new model beside the same history, with all that the first request would make."""
        changed = self._load(place).in_place_of(self.scorer)
        warm(changed)
        return changed


def warm(scorer: Scorer) -> None:
    """Make what the first request would make otherwise, and look up how far the history reaches."""
    _ = scorer.plan, scorer.teller
    scorer.data_until(scorer.next_as_of())


class Watch:
    """A thread that looks at the pointer every so many seconds until it is told to end."""

    def __init__(self, live: Live, seconds: float) -> None:
        self._live, self._seconds = live, seconds
        self._ended = Event()
        self._thread = Thread(target=self._run, name="model-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._live.look()
            self._keep_warm()
            LOOKED.set_to_current_time()

    def _keep_warm(self) -> None:
        """Look up once an hour how far the history reaches, so that no request has to."""
        try:
            warm(self._live.scorer)
        except faults() as fault:
            log.warning("the history cannot be read: %s", type(fault).__name__)
