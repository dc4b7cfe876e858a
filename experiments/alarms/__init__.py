"""How often the alarms of the monitor sound for nothing, and whether each sounds on its fault."""
