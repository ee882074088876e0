"""Equilibria without a bargaining table."""
