"""The pages over a made-up book: as an application, and behind a real server for a real browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright
from starlette.applications import Starlette
from starlette.types import ASGIApp

from serving.board import Board
from serving.treatments import Ledger
from serving.web import pages
from tests.web.made_up import NOW, Remembering, history, write_book

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of an application while it is served on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    """The pages over the book."""
    scores = tmp_path_factory.mktemp("scores")
    write_book(scores)
    ledger = Ledger(tmp_path_factory.mktemp("recorded"), lambda: NOW)
    return pages(Board(scores), Remembering(history()), ledger=ledger)


@pytest.fixture(scope="session")
def address(app: Starlette) -> Iterator[str]:
    """Where a browser finds the pages."""
    with served(app) as here:
        yield here


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    """Asks the pages without a browser."""
    with httpx.Client(base_url=address) as asking:
        yield asking


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: make services")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(params=[1280, 375], ids=["desktop", "phone"])
def opened(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> Iterator[BrowserContext]:
    """A browser at one width; a word on its console or a request elsewhere fails the test."""
    size: ViewportSize = {"width": request.param, "height": 812}
    context = browser.new_context(viewport=size, base_url=address)
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda one: asked.append(one.url))
    context.on("console", lambda one: said.append(one.text))
    yield context
    context.close()
    assert [url for url in asked if not url.startswith(address)] == []
    assert said == []
