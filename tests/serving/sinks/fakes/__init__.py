"""Small CRMs that keep what they are told and refuse what the real ones refuse."""
