"""The night's scores on Spark: the same bundle, opened by every executor."""
