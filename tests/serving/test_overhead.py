"""What a request costs beside its answer: nothing is made anew for each, and nothing is left of it.

BentoML 1.4 would work out the JSON schema of a list for every answer and its method's signature for
every request, and keep each request for as long as its timeout lasts.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.company import AS_OF

REQUESTS = 150
# The service in one process with its caller, so that what it does can be counted.
COUNTING = f"""
import asyncio
import gc
import inspect
import json
import sys
from collections import Counter

from httpx import ASGITransport, AsyncClient
from pydantic.json_schema import GenerateJsonSchema

from serving.service import ChurnService

ASKED = {{"customer_ids": ["c002"], "as_of": "{AS_OF}"}}
made = Counter()


def counting(owner, name):
    whole = getattr(owner, name)

    def counted(*given, **named):
        made[name] += 1
        return whole(*given, **named)

    setattr(owner, name, counted)


async def ask(client):
    for _ in range({REQUESTS}):
        assert (await client.post("/score", json=ASKED)).status_code == 200
    await asyncio.sleep(0)
    gc.collect()
    return len(gc.get_objects())


async def main():
    service = ChurnService.to_asgi(is_main=True)
    calling = ASGITransport(service, client=("127.0.0.1", 9))
    async with service.router.lifespan_context(service):
        async with AsyncClient(transport=calling, base_url="http://127.0.0.1") as client:
            before = await ask(client)
            counting(GenerateJsonSchema, "generate")
            counting(inspect, "signature")
            made["objects"] = await ask(client) - before


asyncio.run(main())
json.dump(made, sys.stdout)
"""


@pytest.fixture(scope="module")
def made(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What was made for so many REQUESTS, and how many objects are there more after them."""
    folder = tmp_path_factory.mktemp("counting")
    settings = {"CHURN_HOME": str(home), "BENTOML_HOME": str(folder / "bentoml")}
    kept = {n: v for n, v in os.environ.items() if not n.startswith("CHURN_")}
    command = [sys.executable, "-c", COUNTING]
    said = subprocess.run(
        command, env={**kept, **settings}, check=True, capture_output=True, text=True
    )
    found: dict[str, int] = json.loads(said.stdout.splitlines()[-1])
    return found


def test_no_schema_is_worked_out_for_an_answer(made: dict[str, int]):
    assert made.get("generate", 0) == 0


def test_no_signature_is_worked_out_for_a_request(made: dict[str, int]):
    assert made.get("signature", 0) == 0


def test_nothing_is_kept_of_requests_that_are_answered(made: dict[str, int]):
    assert made["objects"] < REQUESTS
