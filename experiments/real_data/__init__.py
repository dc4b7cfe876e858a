"""Real and published data through the same pipeline, by small mappings onto the data contract."""
