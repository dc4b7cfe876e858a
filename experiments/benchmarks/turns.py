"""Ways that are compared, taken in turn: a machine that is busy slows both."""

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time

Work = Callable[[], object]
Measured = Callable[[], float]


def in_turn(one: Measured, other: Measured, rounds: int) -> list[float]:
    """One over the other in each of some rounds, after a warm-up."""
    one(), other()
    return [one() / max(other(), 1e-9) for _ in range(rounds)]


def processor(work: Work) -> Measured:
    """Measures work by the processor's seconds, of all threads."""

    def measured() -> float:
        begun = process_time()
        work()
        return process_time() - begun

    return measured


def spread(found: Sequence[float]) -> tuple[float, str]:
    """The median, and in words how far the rounds lie apart."""
    ends = f"{min(found):.3g} to {max(found):.3g}"
    return median(found), f"{ends} in {len(found)} rounds taken in turn"
