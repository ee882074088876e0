"""The labelled results: running a scenario, storing, summarising, exporting, running again."""

from sim.results.again import rerun
from sim.results.analyses import morris, sobol, sweep, tornado
from sim.results.boundary import read_break_even
from sim.results.break_even import along, break_even, load_break_even
from sim.results.break_even_answers import BreakEvenCurves, BreakEvenPoints
from sim.results.dataset import SCHEMA, Variable, to_dataset
from sim.results.discovery import Discovery, discover, gain_profile
from sim.results.execution import Execution
from sim.results.export import summary_csv, summary_json
from sim.results.folders import merge_runs
from sim.results.planning import CAP, Run, plan_run
from sim.results.provenance import Comparison, compare, versions
from sim.results.runs import simulate, simulate_shard
from sim.results.store import load_result, load_summary, save_result
from sim.results.summary import STATISTICS, TIE, is_summary, summarise

__all__ = [
    "CAP",
    "SCHEMA",
    "STATISTICS",
    "TIE",
    "BreakEvenCurves",
    "BreakEvenPoints",
    "Comparison",
    "Discovery",
    "Execution",
    "Run",
    "Variable",
    "along",
    "break_even",
    "compare",
    "discover",
    "gain_profile",
    "is_summary",
    "load_break_even",
    "load_result",
    "load_summary",
    "merge_runs",
    "morris",
    "plan_run",
    "read_break_even",
    "rerun",
    "save_result",
    "simulate",
    "simulate_shard",
    "sobol",
    "summarise",
    "summary_csv",
    "summary_json",
    "sweep",
    "to_dataset",
    "tornado",
    "versions",
]
