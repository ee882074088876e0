"""Linked versus separate negotiations: bargaining, equilibria and Monte Carlo."""
