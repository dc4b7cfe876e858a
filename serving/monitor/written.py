"""How the monitor writes numbers down, for a terminal, a page and a message alike."""


def share(value: float) -> str:
    """A share in percent: 3 %, 0.4 %."""
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < abs(percent) < 1 else f"{percent:.0f} %"


def number(value: float) -> str:
    """A number in three digits, or as many as a whole one has."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def index(value: float) -> str:
    """A PSI: three decimals, two where it is large."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
