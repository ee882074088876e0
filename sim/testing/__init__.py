"""Strategies and axiom checks for users' own payoffs."""
