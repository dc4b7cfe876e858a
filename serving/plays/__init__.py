"""Plays: what a team does about a risk, declared as data, and which of them fits a customer."""
