"""Invented names: companies that do not exist, people who do not either."""

import numpy as np

from features.demo.calendar import Texts

HEADS = "Al Bel Cor Dor El Fen Gar Hol Il Jun Kel Lor Mar Nor Or Pel Quin Ros Sol Tor Ul Ver Wex Yar Zel"
MIDDLES = "a be da di fo ga lu mi na no ra ri sa ta to va ve vi"
TAILS = "bex dan dris field gate lan mont nex nia ris son stead tek ton vane wick wyn zor"
KINDS = (
    "Foods,Logistics,Studio,Analytics,Robotics,Press,Dental,Textiles,Energy,Travel,Legal,Games,"
    "Health,Motors,Timber,Brewing,Optics,Freight,Design,Schools"
)
OWNERS = ("Ada Moreno", "Ben Okafor", "Clara Weiss", "Dev Anand", "Elif Kaya", "Finn Larsen",
          "Grace Liu", "Hugo Blanc")  # fmt: skip


def companies(rng: np.random.Generator, count: int) -> Texts:
    """As many company names, mostly different; a business's customers may share a name too."""
    parts = [np.array(part.split()) for part in (HEADS, MIDDLES, TAILS)]
    head, middle, tail = (part[rng.integers(0, len(part), count)] for part in parts)
    kind = np.array(KINDS.split(","))[rng.integers(0, 20, count)]
    stem = np.strings.add(np.strings.add(head, middle), tail)
    return np.strings.add(np.strings.add(stem, " "), kind)


def customer_ids(count: int) -> Texts:
    """C00001, C00002, ..."""
    return np.array([f"C{i + 1:05d}" for i in range(count)])
