"""Sampling, simulation, sensitivity and discovery: on bare functions, and on scenarios.

Every design is a function from a range of draws to parameters, every task one from a range of draws
to arrays; engines compute tasks, stores keep what is finished.
"""

from sim.montecarlo.break_even import (
    Crossing,
    Profile,
    Root,
    chord_error,
    critical_value,
    crossings,
    profile,
    roots,
    undecided,
)
from sim.montecarlo.chunks import FolderStore, MemoryStore, gather, merge, open_folder
from sim.montecarlo.contours import corner, zero_curves
from sim.montecarlo.copula import Copula, gaussian_copula
from sim.montecarlo.discovery import Box, prim, score
from sim.montecarlo.engine import Reached, Shard, run, run_to_precision
from sim.montecarlo.engines import Engine, open_engine
from sim.montecarlo.one_at_a_time import morris_design, morris_effects, swings, tornado_design
from sim.montecarlo.precision import Precision, standard_error
from sim.montecarlo.sampling import Design, design, replicate, sample
from sim.montecarlo.sensitivity import sobol_design, sobol_indices
from sim.montecarlo.sweeps import Vary, parse_vary

__all__ = [
    "Box",
    "Copula",
    "Crossing",
    "Design",
    "Engine",
    "FolderStore",
    "MemoryStore",
    "Precision",
    "Profile",
    "Reached",
    "Root",
    "Shard",
    "Vary",
    "chord_error",
    "corner",
    "critical_value",
    "crossings",
    "design",
    "gather",
    "gaussian_copula",
    "merge",
    "morris_design",
    "morris_effects",
    "open_engine",
    "open_folder",
    "parse_vary",
    "prim",
    "profile",
    "replicate",
    "roots",
    "run",
    "run_to_precision",
    "sample",
    "score",
    "sobol_design",
    "sobol_indices",
    "standard_error",
    "swings",
    "tornado_design",
    "undecided",
    "zero_curves",
]
