"""Languages: what is said, by gettext catalogues, and how numbers and days are written, by Babel.

A message is the English sentence with {named} places. Catalogues are in locale/ beside this file,
as text; each is read once, when its language is first asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent

HERE = Path(__file__).parent / "locale"
DOMAIN = "churn"
ENGLISH_CODE = "en"
# By code: what speakers call it, and the region whose usage Babel is asked for.
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "en": ("English", "en_US"),
    "fa": ("فارسی", "fa_IR"),
    "ru": ("Русский", "ru_RU"),
    "th": ("ไทย", "th_TH"),
    "zh": ("简体中文", "zh_Hans_CN"),
}
NBSP = "\N{NO-BREAK SPACE}"
FRACTION = 2  # 1.5 takes the form of two: 1.5 days, полтора дня
WHOLE_PERCENT = "#,##0 %"  # how this product writes English; the others as their region does
ENGLISH_DAY = "d MMM y"
# Babel knows a region's separators and signs, but writes every number in Western digits.
DIGITS: Mapping[str, str] = {"fa": "۰۱۲۳۴۵۶۷۸۹٪"}
UP_TO_TWO = "#,##0.##"
LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
OWN = "default"  # the numbering system of the language itself
REMEMBERED = 65_536  # numbers as written: a night writes the same few millions of times


@dataclass(frozen=True, eq=False)
class Language:
    """One language; made by `language_of`, so that equal ones are the same one."""

    code: str
    locale: Locale
    catalogue: NullTranslations

    def say(self, message: str, **named: object) -> str:
        """A message in this language, its places filled."""
        return self.catalogue.gettext(message).format(**named)

    def say_as(self, context: str, message: str, **named: object) -> str:
        """A message that means, or is inflected, differently elsewhere."""
        return self.catalogue.pgettext(context, message).format(**named)

    def plural(self, one: str, many: str, count: float, **named: object) -> str:
        """A message in the form for so many, which `{number}` writes unless it is given."""
        form = int(count) if count == int(count) else FRACTION
        said = self.catalogue.ngettext(one, many, abs(form))
        return said.format(**{"number": self.number(count), **named})

    @property
    def tag(self) -> str:
        """Its name in HTML and HTTP."""
        return tag_of(self.code)

    @property
    def direction(self) -> str:
        """Where its lines go: ltr or rtl."""
        return self.locale.text_direction

    @cached_property
    def digits(self) -> dict[int, str]:
        """What `str.translate` needs to write a number in the language's own digits."""
        return str.maketrans(dict(zip("0123456789%", DIGITS.get(self.code, ""), strict=False)))

    def number(self, value: float, digits: int | None = None) -> str:
        """A number as a person says it: 1,204, 41, 3.5, 0.04; or with at most so many digits."""
        size = abs(value)
        usual = 0 if size >= 10 else 1 if size >= 1 else 2
        return _number(self, round(float(value), usual if digits is None else digits))

    def fixed(self, value: float, digits: int) -> str:
        """A number with exactly so many digits behind the point."""
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return self._own(
            format_decimal(round(value, digits), pattern, self.locale, numbering_system=OWN)
        )

    def percent(self, share: float, digits: int = 0) -> str:
        """A share in percent: 62 %."""
        return _percent(self, round(float(share), 2 + digits), digits)

    def size(self, share: float) -> str:
        """The size of a share in whole percent; one that is not nothing is not rounded to it."""
        if 0 < abs(share) < 0.01:
            return self.say("less than {percent}", percent=self.percent(0.01))
        return self.percent(abs(share))

    def money(self, value: float, currency: str) -> str:
        """An amount without its cents: $12,400."""
        pattern = self.locale.currency_formats["standard"].pattern.replace(".00", "")
        said = format_currency(
            round(value),
            currency,
            pattern,
            self.locale,
            currency_digits=False,
            numbering_system=OWN,
        )
        return self._apart(said)

    def short_money(self, value: float, currency: str, digits: int) -> str:
        """An amount with its thousands or millions as a word: $1.24M."""
        said = format_compact_currency(
            value, currency, locale=self.locale, fraction_digits=digits, numbering_system=OWN
        )
        return self._apart(said)

    def day(self, value: date) -> str:
        """A date: 3 Nov 2026."""
        pattern = ENGLISH_DAY if self.code == ENGLISH_CODE else "medium"
        return self._own(format_date(value, pattern, self.locale))

    def country(self, code: str) -> str:
        """A country by its ISO code: Poland; what is no such code as it is."""
        return str(self.locale.territories.get(code.upper(), code))

    def month(self, value: date) -> str:
        """A month: Nov; January with its year."""
        if value.month > 1:
            return format_date(value, "LLL", self.locale)
        return self._own(format_skeleton("yMMM", value, locale=self.locale))

    def clock(self, value: datetime) -> str:
        """The time of day, from 00:00 to 23:59."""
        return f"{value:%H:%M}".translate(self.digits)

    def listed(self, parts: list[str]) -> str:
        """Several things said as one: a, b and c."""
        from babel.lists import format_list

        return format_list(parts, locale=self.locale) if parts else ""

    def _apart(self, written: str) -> str:
        return self._own(LETTER_BEFORE_DIGIT.sub(NBSP, written))  # CHF 12,400

    def _own(self, written: str) -> str:
        return written.translate(self.digits).replace(" ", NBSP)


@cache
def language_of(code: str) -> Language:
    """The language of a code in LANGUAGES.

    Raises:
        KeyError: There is no such language.
    """
    _, region = LANGUAGES[code]
    found = NullTranslations() if code == ENGLISH_CODE else _catalogue(code)
    return Language(code, Locale.parse(region), found)


@cache
def offered() -> tuple[str, ...]:
    """The codes of the languages whose catalogue is there."""
    there = (code for code in LANGUAGES if code == ENGLISH_CODE or file_of(code).is_file())
    return tuple(there)


def tag_of(code: str) -> str:
    """A language's name in HTML and HTTP."""
    return "zh-Hans" if code == "zh" else code


def file_of(code: str) -> Path:
    """Where a language's messages are."""
    return HERE / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def asked_language(named: str, accepted: str = "", otherwise: str = ENGLISH_CODE) -> Language:
    """The language that is named; else the first that is accepted (RFC 9110, 12.5.4) and known."""
    wanted = [named, *_accepted(accepted)]
    codes = (tag.strip().lower().replace("_", "-").partition("-")[0] for tag in wanted)
    return language_of(next((code for code in codes if code in offered()), otherwise))


def _accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first; 0 is not wanted at all."""
    weighed = [
        (tag, _weight(rest)) for tag, _, rest in (p.partition(";") for p in header.split(","))
    ]
    return [tag for tag, weight in sorted(weighed, key=lambda pair: -pair[1]) if weight > 0]


def _weight(parameter: str) -> float:
    given = parameter.strip().removeprefix("q=")
    try:
        return float(given) if given else 1.0
    except ValueError:
        return 0.0


def _catalogue(code: str) -> NullTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with file_of(code).open("rb") as text:
        write_mo(compiled, read_po(text, locale=LANGUAGES[code][1]))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(REMEMBERED)
def _number(language: Language, value: float) -> str:
    written = format_decimal(value, UP_TO_TWO, language.locale, numbering_system=OWN)
    return written.translate(language.digits)


@lru_cache(REMEMBERED)
def _percent(language: Language, share: float, digits: int) -> str:
    pattern = WHOLE_PERCENT if language.code == ENGLISH_CODE else None
    if digits and pattern:
        pattern = f"#,##0.{'#' * digits} %"
    written = format_percent(
        share, pattern, language.locale, decimal_quantization=digits == 0, numbering_system=OWN
    )
    return written.translate(language.digits)


def marked(message: str) -> str:
    """Marks a message for translation where it is shown; imported as `_`."""
    return message


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """Marks a message with a plural; imported as `_either`."""
    return one, many


ENGLISH = language_of(ENGLISH_CODE)
