"""The report: one self-contained HTML page made from a result."""

from sim.report.answer import Evidence, Gain, answer
from sim.report.render import render

__all__ = ["Evidence", "Gain", "answer", "render"]
