"""Invented names: companies that do not exist, looked after by people who do not either."""

import numpy as np

from features.demo.arrays import Ints, Texts

HEADS = "Al Bel Cor Dor El Fen Gar Hol Jun Kel Lor Mar Nor Or Pel Quin Ros Sol Tor Ul Ver Wex Yar"
MIDDLES = "a be da di fo ga lu mi na no ra ri sa ta to va ve vi"
TAILS = "bex dan dris field gate lan mont nex nia ris son stead tek ton vane wick wyn zor"
TRADES = (
    "Foods Logistics Studio Analytics Robotics Press Dental Textiles Energy Travel Legal Games "
    "Health Motors Timber Brewing Optics Freight Design Schools"
)
OWNERS = (
    "Ada Moreno",
    "Ben Okafor",
    "Clara Weiss",
    "Dev Anand",
    "Elif Kaya",
    "Finn Larsen",
    "Grace Liu",
    "Hugo Blanc",
)


def companies(rng: np.random.Generator, count: int) -> Texts:
    """As many company names, mostly different: names are no keys in real life either."""
    options = [np.array(part.split()) for part in (HEADS, MIDDLES, TAILS, TRADES)]
    head, middle, tail, trade = (part[rng.integers(0, len(part), count)] for part in options)
    return texts(head, middle, tail, np.full(count, " "), trade)


def customer_ids(numbers: Ints) -> Texts:
    """C00001 for customer 0, and so on."""
    most = int(numbers.max(initial=0))
    return np.array([f"C{i + 1:05d}" for i in range(most + 1)])[numbers]


def numbered(prefix: str, numbers: Ints) -> Texts:
    """Document numbers: a prefix and six figures."""
    return texts(np.full(len(numbers), prefix), (numbers + 1_000_001).astype(np.str_))


def texts(*parts: Texts) -> Texts:
    """Texts put together, row by row."""
    whole = parts[0]
    for part in parts[1:]:
        whole = np.strings.add(whole, part)
    return whole
