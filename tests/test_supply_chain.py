"""What comes with us: every licence is one that a business can live with, and no secret is told."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parent.parent
PERMISSIVE = (
    "0BSD", "Apache", "BSD", "CC0-1.0", "ISC", "MIT", "PSF", "Python Software Foundation", "Zlib",
)  # fmt: skip
# Named one by one, each with what makes it fit to use.
EXCEPTIONS = {
    "axe-playwright-python": "MIT by its LICENSE file; carries axe-core (MPL-2.0), tests only",
    "certifi": "MPL-2.0: a list of certificates, used unchanged",
    "empulse": "MIT by its LICENSE file; an oracle of the tests only",
    "fqdn": "MPL-2.0: used unchanged, tests only",
    "huey": "MIT by its LICENSE file; comes with MLflow, not served",
    "hypothesis": "MPL-2.0: used unchanged, tests only",
    "pathspec": "MPL-2.0: used unchanged; comes with BentoML",
    "psycopg": "LGPL-3.0: an optional library, used unchanged and replaceable",
    "psycopg-binary": "LGPL-3.0: an optional library, used unchanged and replaceable",
    "skops": "MIT by its LICENSE file; comes with MLflow, not served",
    "tqdm": "MPL-2.0 and MIT: used unchanged",
}
SCANNERS = [
    {"name": name}
    for name in (
        "ArtifactoryDetector", "AWSKeyDetector", "BasicAuthDetector", "GitHubTokenDetector",
        "GitLabTokenDetector", "JwtTokenDetector", "NpmDetector", "OpenAIDetector",
        "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
        "StripeDetector", "TwilioKeyDetector",
    )
]  # fmt: skip


@cache
def licences() -> dict[str, str]:
    """The licence of every installed package, by its name."""
    told = subprocess.run(
        [Path(sys.executable).parent / "pip-licenses", "--format=json", "--from=mixed"],
        capture_output=True,
        check=True,
    )
    return {each["Name"]: each["License"] for each in json.loads(told.stdout)}


def permissive(licence: str) -> bool:
    """Whether one of the licences offered, or each that applies at once, asks nothing back."""
    named = licence.partition("\n")[0]  # some give the whole text, which begins with the name
    offered = named.replace(";", " OR ").split(" OR ")
    return any(all(_known(part) for part in one.split(" AND ")) for one in offered)


def _known(licence: str) -> bool:
    return any(word in licence for word in PERMISSIVE) and "GPL" not in licence


def tracked() -> list[Path]:
    """The files that are committed, but for the hashes of what is pinned and pictures."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in names.stdout.splitlines()]
    return [
        f for f in files if f.is_file() and f.suffix != ".png" and f.parent.name != "requirements"
    ]


def test_every_package_has_a_licence_that_asks_nothing_back_or_is_an_exception() -> None:
    unfit = {name: said for name, said in licences().items() if not permissive(said)}
    assert set(unfit) <= set(EXCEPTIONS), unfit


def test_every_exception_is_still_needed() -> None:
    there = set(EXCEPTIONS) & set(licences())
    assert {name for name in there if permissive(licences()[name])} == set()


@pytest.mark.parametrize(
    ("licence", "fit"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-2.0", True),
        ("MIT AND GPL-2.0", False),
        ("UNKNOWN", False),
        ("Apache Software License; MIT License", True),
    ],
)
def test_a_licence_is_fit_where_one_way_to_take_it_asks_nothing_back(
    licence: str, fit: bool
) -> None:
    assert permissive(licence) is fit


def test_no_committed_file_tells_a_secret() -> None:
    with transient_settings({"plugins_used": SCANNERS}):
        told = [f"{file}: {s.type}" for file in tracked() for s in scan_file(str(file))]
    assert told == []


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLQ"  # in two parts, so that this file tells none
    (tmp_path / "settings.py").write_text(f'aws_key = "{key}"\n')
    with transient_settings({"plugins_used": SCANNERS}):
        assert list(scan_file(str(tmp_path / "settings.py")))
