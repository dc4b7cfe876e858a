"""A PostgreSQL server of our own, out of Debian's package, for as long as a test session.

It sorts by the rules of a language and lives in another time zone, as servers do.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = Path("/usr/lib/postgresql")
LANGUAGE = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
ELSEWHERE = "Asia/Tokyo"


class Unavailable(Exception):
    """Why there is no server."""


@contextmanager
def served() -> Iterator[str]:
    """The URL of an empty database on a server that ends with the block."""
    programs, user = _programs(), _user()
    with tempfile.TemporaryDirectory(prefix="churn-postgres-") as home:
        shutil.chown(home, user)
        port = _free_port()
        options = f"-p {port} -k {home} -c fsync=off -c timezone={ELSEWHERE}"
        new = ["-A", "trust", "-U", "churn", "-E", "UTF8", "--no-sync", *LANGUAGE]
        _run(user, home, programs / "initdb", *new, "-D", "data")
        control = [str(programs / "pg_ctl"), "-w", "-D", "data"]
        _run(user, home, *control, "-l", "log", "-o", options, "start")
        try:
            yield f"postgres://churn@127.0.0.1:{port}/postgres"
        finally:
            _run(user, home, *control, "-m", "immediate", "stop")


def _programs() -> Path:
    """The newest version's programs."""
    found = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise Unavailable(f"nothing in {PACKAGES}, and CHURN_TEST_POSTGRES names none")
    return found[-1].parent


def _user() -> str:
    """Who runs the server: it refuses to be run by root."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    if me != "root":
        return me
    if "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        raise Unavailable("root cannot run it, and there is no user postgres")
    return "postgres"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _run(user: str, home: str, program: str | Path, *arguments: str | Path) -> None:
    done = subprocess.run(
        [program, *arguments],
        user=None if os.geteuid() else user,
        cwd=home,
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{Path(program).name} failed: {done.stderr.strip()[-300:]}")
