"""How often the gate promotes by chance, and how often it sees a better model."""
