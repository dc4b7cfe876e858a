"""What watches a model that is in use: what was found, since when, and what to do."""
