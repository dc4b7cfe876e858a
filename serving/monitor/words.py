"""The sentences of findings: what was found and what to do, with named places to fill.

They are kept apart from the figures, so that a page can say them in another language.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """What a finding says, and what it asks for."""

    what: str
    do: str


WORDS: Mapping[str, Words] = {
    "stale": Words(
        "The table %(table)s ends on %(last)s, %(days)s days ago; it may be %(limit)s days old.",
        "Look at the job that loads it. Until it runs again, scores are as of the data's end.",
    ),
    "empty": Words(
        "The table %(table)s has no row; it may be %(limit)s days old at the most.",
        "Look at the job that loads it, and at what it reads from.",
    ),
    "column_missing": Words(
        "%(column)s is missing in %(now)s of the last 4 weeks' rows; in the 12 weeks before it was "
        "in %(before)s.",
        "Look at the source: a field was renamed, emptied or is no longer exported.",
    ),
    "feature_missing": Words(
        "%(feature)s is missing for %(now)s of the customers; for %(before)s where the model "
        "was judged.",
        "Look at the columns that it is made from; the model treats what is missing as such.",
    ),
    "feature_units": Words(
        "%(feature)s has a median of %(now)s, %(times)s what it was where the model was judged "
        "(%(before)s): it looks as if its unit had changed.",
        "Compare the source's unit with docs/data-contract.md (cents, minutes, shares in percent) "
        "and put it right there; scores are wrong until then.",
    ),
    "feature_moved": Words(
        "%(feature)s is spread otherwise than where the model was judged: PSI %(psi)s, usual is up "
        "to %(bound)s; its median is %(now)s after %(before)s.",
        "See whether the business has changed (prices, plans, season, a new product). If so, train "
        "anew; if not, look at the source.",
    ),
    "word_moved": Words(
        "%(feature)s is spread otherwise than where the model was judged: PSI %(psi)s, usual is up "
        "to %(bound)s; most has moved at “%(word)s”, from %(before)s to %(now)s.",
        "See whether the business has changed (prices, plans, markets). If so, train anew; if not, "
        "look at the source: words may have been renamed.",
    ),
    "score_moved": Words(
        "Scores are spread otherwise than in the model's test: PSI %(psi)s, usual is up to "
        "%(bound)s; their mean is %(now)s after %(before)s.",
        "Look at the features that have moved. If they are right, bands and lists have changed for "
        "a reason; train anew when outcomes are there.",
    ),
    "bands_moved": Words(
        "Bands hold other shares of customers than on %(before)s: PSI %(psi)s, usual is up to "
        "%(bound)s; high and critical are %(now_share)s after %(before_share)s.",
        "Look for what else was found, for a new model (%(model)s) and for other limits of bands.",
    ),
    "list_replaced": Words(
        "Of the %(size)s customers at the top of the list on %(before)s that are still scored, "
        "%(share)s are no longer there.",
        "CSMs may work from the old list. Look for a new model (%(model)s), and for what else was "
        "found.",
    ),
    "forecast_weaker": Words(
        "A forecast without outcomes: if probabilities are true, today's AUC is %(now)s (%(low)s "
        "to %(high)s); the same forecast of the test was %(before)s.",
        "Customers are harder to tell apart than they were: look at the features that have moved. "
        "Only outcomes will show whether the probabilities are true.",
    ),
    "fewer_than_expected": Words(
        "%(observed)s of %(whom)s left where %(expected)s were expected: %(ratio)s (%(low)s to "
        "%(high)s), %(period)s.",
        "Scores are too high there: train anew. If people have acted on the scores, compare with "
        "the customers that are held out first.",
    ),
    "more_than_expected": Words(
        "%(observed)s of %(whom)s left where %(expected)s were expected: %(ratio)s (%(low)s to "
        "%(high)s), %(period)s.",
        "Scores are too low there: train anew with the months since, and see whether something "
        "happened that no feature knows of (a price rise, an outage, a rival).",
    ),
    "nothing_matured": Words(
        "No run has matured: the first outcomes can be trusted on %(first)s.",
        "Nothing; until then only drift and the forecast speak.",
    ),
    "no_reference": Words(
        "The model %(model)s does not say where it was judged, so that drift cannot be told.",
        "Train and promote a model with this release.",
    ),
    "nothing_learnt": Words(
        "The model is a churn rate: %(why)s",
        "Nothing to watch but the data; train again when more customers have left.",
    ),
    "one_run": Words(
        "There is one run only, of %(as_of)s: nothing to compare bands and lists with.",
        "Nothing; the next night brings a second one.",
    ),
}
