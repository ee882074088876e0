"""What `sim equilibria` reports: stances, talks, beliefs, enforcement and coalitions.

Plain data with statistics over draws, ready for JSON and for tables.
"""

from sim.results.equilibria.report import Progress, equilibria_report
from sim.results.equilibria.stances import stance_report
from sim.results.equilibria.statistics import Statistics, statistics

__all__ = ["Progress", "Statistics", "equilibria_report", "stance_report", "statistics"]
