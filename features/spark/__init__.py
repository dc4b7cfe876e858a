"""Features on Spark: the same declarations where a history outgrows one machine.

Nothing but answers of a few numbers is brought to the process that asks.
"""
