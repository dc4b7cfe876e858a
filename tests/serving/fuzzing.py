"""Inputs that nobody means, thrown at a service: how many, and what came of them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
READS = ("/features", "/model_card", "/health")
PATHS = ("/score", "/score_tables", "/score_vectors", "/explain", *READS)
TRAVERSALS = ("../../etc/passwd", "..%2f..%2fetc", "/etc/passwd", "a/../b", "C:\\x")
INJECTIONS = ("' OR 1=1 --", "x'; DROP TABLE customers; --", "{{7*7}}", "${7*7}", "<script>")
ODD = ("\u202egnp", "ﷺ" * 20, "😀", "ÅÅ", " ", "null", "NaN")
HOSTILE = (*TRAVERSALS, *INJECTIONS, *ODD)


@dataclass
class Tried:
    """Answers by their status, and what was wrong with some: a fault, or not described."""

    statuses: Counter[int] = field(default_factory=Counter)
    undocumented: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Answers that say that the service is broken."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def heard(self, status: int, documented: bool, what: str = "") -> None:
        """One more answer."""
        self.statuses[status] += 1
        if not documented:
            self.undocumented.append(what)

    def __str__(self) -> str:
        told = f"inputs tried: {self.statuses.total():,}, 5xx: {self.faults}"
        return f"{told}, undocumented answers: {len(self.undocumented)}"


def fuzz(described: Any, path: str, url: str, cases: int, tried: Tried) -> None:
    """Requests made up of an operation's description; the same ones each time."""
    operation = described[path]["GET" if path in READS else "POST"]

    @settings(
        max_examples=cases,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        answer = case.call(base_url=url)
        wrong = _wrong(case, answer)
        tried.heard(answer.status_code, not wrong, f"{path}: {wrong}")

    one()


def is_described(document: dict[str, Any], answer: httpx.Response) -> bool:
    """Whether an operation says that it may answer so; pages and other addresses describe none."""
    said = document["paths"].get(answer.request.url.path, {})
    operation = said.get(answer.request.method.lower())
    return answer.status_code < 500 and (
        operation is None or str(answer.status_code) in operation["responses"]
    )


def _wrong(case: Any, answer: Any) -> str:
    try:
        case.validate_response(answer, checks=CHECKS)
    except (AssertionError, FailureGroup) as failure:
        return str(failure)
    return ""
