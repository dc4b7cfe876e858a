"""Throw requests at a running service: `python -m experiments.fuzz --home HOME [--cases N]`.

Up to N requests that schemathesis makes of the service's own description for each operation (fewer
where an operation takes nothing), and every listed hostile string as an id, in an address, a query
and a header. Starts `churn serve` over a home that `churn demo` made. Writes figures.json.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx
import schemathesis

from tests.serving.fuzzing import HOSTILE, PATHS, Tried, fuzz, is_described
from tests.serving.server import free_port, served

HERE = Path(__file__).parent


def main() -> None:
    """Throw, count, and write it to figures.json; ends with 1 where an answer is wrong."""
    parser = argparse.ArgumentParser(prog="python -m experiments.fuzz", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home that `churn demo` made")
    parser.add_argument("--cases", type=int, default=600)
    asked = parser.parse_args()
    port, home = free_port(), str(asked.home.resolve())
    settings = {"CHURN_HOME": home, "CHURN_TRACKING_URI": "sqlite:///nowhere.db"}
    with (
        TemporaryDirectory() as folder,
        served(["churn", "serve", "--port", str(port)], port, Path(folder), settings) as server,
    ):
        said = fuzzed(server.client, asked.cases)
    said = {"command": f"python -m experiments.fuzz --home HOME --cases {asked.cases}", **said}
    text = json.dumps(said, indent=1) + "\n"
    (HERE / "figures.json").write_text(text)
    sys.stdout.write(text)
    sys.exit(bool(said["5xx"] or said["undocumented_answers"]))


def fuzzed(client: httpx.Client, cases: int) -> dict[str, Any]:
    """How many were tried, by where; and what was wrong."""
    document, tried, by_path = client.get("/docs.json").json(), Tried(), {}
    described, url = schemathesis.openapi.from_dict(document), str(client.base_url)
    for path in PATHS:
        before = tried.statuses.total()
        fuzz(described, path, url, cases, tried)
        by_path[path] = tried.statuses.total() - before
        sys.stderr.write(f"{path}: {by_path[path]}\n")
    before = tried.statuses.total()
    hostile(client, document, tried)
    return {
        "inputs_tried": tried.statuses.total(),
        "made_up_by_path": by_path,
        "listed_hostile": tried.statuses.total() - before,
        "statuses": {str(status): count for status, count in sorted(tried.statuses.items())},
        "5xx": tried.faults,
        "undocumented_answers": len(tried.undocumented),
        "which": tried.undocumented[:20],
    }


def hostile(client: httpx.Client, document: dict[str, Any], tried: Tried) -> None:
    """Every listed string, in every place that takes a string of a caller's."""
    for text in HOSTILE:
        plain = quote(text, safe="")
        for answer in (
            client.post("/score", json={"customer_ids": [text]}),
            client.post("/explain", json={"customer_id": text}),
            client.post("/explain", json={"customer_id": "C00001", "as_of": text}),
            client.post("/score_vectors", json={"vectors": [{"customer_id": text, "values": {}}]}),
            client.post("/score", params={"lang": text}, json={"customer_ids": ["C00001"]}),
            client.get(f"/customers/{plain}"),
            client.get("/", params={"q": text, "band": text, "sort": text, "page": text}),
            client.get("/customers.csv", params={"owner": text}),
            client.get(f"/{plain}"),
            client.get("/health", headers={"X-Request-Id": plain, "Accept-Language": plain}),
        ):
            tried.heard(answer.status_code, is_described(document, answer), str(answer.url))


if __name__ == "__main__":
    main()
