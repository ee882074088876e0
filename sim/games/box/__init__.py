"""Constrained maxima on boxes, the step behind offers, best responses and deviations."""
