"""Sampling, simulation, sensitivity and discovery."""
