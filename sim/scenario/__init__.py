"""What a scenario file says: reading it with positions, checking it, resolving its numbers."""

from sim.scenario.distributions import FAMILIES, Distribution, DistributionError
from sim.scenario.load import load_scenario, parse_scenario
from sim.scenario.models import Scenario, SourceFile
from sim.scenario.numbers import Inline, NumberSpec, ParameterName
from sim.scenario.schema import json_schema
from sim.scenario.starter import starter
from sim.scenario.walk import Sourced, Uncertain

__all__ = [
    "FAMILIES",
    "Distribution",
    "DistributionError",
    "Inline",
    "NumberSpec",
    "ParameterName",
    "Scenario",
    "SourceFile",
    "Sourced",
    "Uncertain",
    "json_schema",
    "load_scenario",
    "parse_scenario",
    "starter",
]
