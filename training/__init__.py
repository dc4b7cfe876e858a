"""From labelled vectors to a judged, gated and registered model."""
