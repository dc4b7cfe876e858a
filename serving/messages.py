"""Every message there is, and the catalogues brought up to date with them: `make messages`.

Messages are found in the code, in the templates, and in the declarations of features, whose words
are data. A new language: add it to LANGUAGES, run this, translate the file that it makes.
"""

import os
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from features.catalogue import catalogue
from features.feature import Change, Declaration, Trend
from features.languages import ENGLISH_CODE, LANGUAGES, file_of

ROOT = Path(__file__).parent.parent
FOUND_IN = [
    ("**/demo/**.py", "ignore"),
    ("**.py", "python"),
    ("**.html", "jinja2.ext:babel_extract"),
]
KEYWORDS = {
    "_": None,
    "say": None,
    "_either": (1, 2),
    "plural": (1, 2),
    "say_as": ((1, "c"), 2),
}
WIDTH = 98
HEADER = r"""msgid ""
msgstr ""
"Language: {code}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plurals}\n"

"""
Message: TypeAlias = str | tuple[str, ...]


def messages() -> Catalog:
    """Every message in English, with where it is used."""
    found = Catalog(project="churn", fuzzy=False)
    for message, context, place in (*_in_files(), *_in_declarations()):
        if message:
            found.add(message, locations=[(place, 0)], context=context)
    return found


def translations(code: str) -> Catalog:
    """A language's catalogue as it is written; an empty one where there is none yet."""
    file = file_of(code)
    text = file.read_bytes() if file.is_file() else b""
    return read_po(BytesIO(text), locale=LANGUAGES[code][1])


def updated(code: str, template: Catalog) -> Catalog:
    """A language's catalogue with new messages untranslated, and without those that are no more."""
    known, fresh = translations(code), Catalog(locale=LANGUAGES[code][1], fuzzy=False)
    for message in template:
        if message.id:
            before = known.get(message.id, message.context)
            said = before.string if before else ""
            places = sorted(message.locations)
            fresh.add(message.id, said, places, context=message.context)
    return fresh


def write() -> None:
    """Bring every catalogue up to date, each by a temporary name."""
    template = messages()
    for code in LANGUAGES:
        if code != ENGLISH_CODE:
            _write(code, updated(code, template))


def _write(code: str, catalogue: Catalog) -> None:
    file = file_of(code)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    with draft.open("wb") as text:
        # Babel's own header has dates, which would differ every time.
        text.write(HEADER.format(code=code, plurals=catalogue.plural_forms).encode())
        write_po(text, catalogue, WIDTH, sort_by_file=True, omit_header=True, include_lineno=False)
    os.replace(draft, file)  # noqa: PTH105  (Path.replace differs in nothing but style)


def _in_files() -> Iterator[tuple[Message, str | None, str]]:
    for room in ("features", "serving"):
        found = extract_from_dir(ROOT / room, FOUND_IN, keywords=KEYWORDS)
        for name, _line, message, _comments, context in found:
            yield message, context, f"{room}/{name}"


def _in_declarations() -> Iterator[tuple[Message, str | None, str]]:
    for feature in catalogue(key_events=["login"], milestones=["go live"]):
        place = f"features/{feature.theme}"
        yield feature.reason, None, place
        yield feature.reason_if_none, None, place
        if isinstance(feature, Change | Trend):
            yield from ((feature.what, context, place) for context in _contexts(feature))
        elif "{count}" in feature.reason and feature.unit != "hours":
            yield (f"{{number}} {feature.singular}", f"{{number}} {feature.unit}"), None, place


def _contexts(feature: Declaration) -> Iterable[str]:
    return ("trend",) if isinstance(feature, Trend) else ("change", "trend")


if __name__ == "__main__":
    write()
