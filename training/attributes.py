"""Which attributes of customers a model reads, and whether any of them is protected by law.

Protected are the grounds of article 21 of the EU Charter of Fundamental Rights and the special
categories of article 9 of the GDPR. A column, event or milestone is looked at by its name: a
grouping of the business's own can hide anything, and is named for a person to look at.
"""

from collections.abc import Iterable, Mapping, Sequence

from features.derived import AS_OF, derived
from features.feature import Declaration
from features.featureset import FeatureSet, Part
from features.tables import TABLES, Column

GROUNDS: Mapping[str, tuple[str, ...]] = {
    "sex, gender or orientation": ("sex", "gender", "orientation", "pregnancy", "pregnant"),
    "age": ("age", "birth", "birthday", "birthdate", "dob"),
    "race, colour or ethnic or social origin": ("race", "ethnicity", "ethnic", "colour", "origin"),
    "nationality or language": ("nationality", "citizenship", "language"),
    "religion or belief": ("religion", "religious", "belief", "church", "faith"),
    "political opinion or union membership": ("political", "party", "union"),
    "health, disability or genetic features": ("disability", "disabled", "medical", "genetic"),
    "property, birth or family": ("marital", "married", "family", "income"),
}
PROXIES: Mapping[str, str] = {
    "country": "stands near nationality and language where customers are private persons: leave "
    "it out of the history there",
    "segment": "is the business's own grouping: it must not be made of a protected ground",
    "channel": "says how the customer was won: a campaign aimed at a protected group would show",
}


def columns_read(features: FeatureSet) -> dict[str, list[Column]]:
    """The columns of the canonical tables that the features are made of, by table."""
    found: dict[str, set[str]] = {}
    for part in features.parts:
        found.setdefault(part.table, set()).update(_named(part))
    return {
        name: [column for column in table if column.name in found[name]]
        for name, table in TABLES.items()
        if name in found
    }


def _named(part: Part) -> Iterable[str]:
    """What a part reads; of a time elapsed, the moments between which it elapsed."""
    table = TABLES[part.table]
    between = {each.name: (each.start, each.end) for each in derived(table.name, table.at)}
    for column in (part.column, *(condition.column for condition in part.where)):
        yield from (name for name in between.get(column, (column,)) if name != AS_OF)


def protected(features: FeatureSet, named: Sequence[str] = ()) -> dict[str, str]:
    """Everything read whose name speaks of a protected ground, with the ground.

    `named` are the events and milestones that the business names.
    """
    columns = [each.name for table in columns_read(features).values() for each in table]
    grounds = {name: ground_of(name) for name in (*columns, *features.names, *named)}
    return {name: ground for name, ground in grounds.items() if ground}


def ground_of(name: str) -> str:
    """The protected ground that a name speaks of; '' if none."""
    words = set(name.lower().replace("-", "_").replace(" ", "_").split("_"))
    return next((ground for ground, telling in GROUNDS.items() if words & {*telling}), "")


def of_the_customer(features: FeatureSet) -> list[Column]:
    """The attributes of a customer itself that are read, rather than what it did or agreed."""
    read = columns_read(features).get("customers", [])
    return [column for column in read if column.name != TABLES["customers"].at]


def by_theme(features: FeatureSet) -> dict[str, list[Declaration]]:
    """The features of each theme that has any."""
    themes: dict[str, list[Declaration]] = {}
    for feature in features:
        themes.setdefault(feature.theme.value, []).append(feature)
    return themes
