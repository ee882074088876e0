"""What the report reads from a result: names, statistics, and the evidence for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.errors import ResultError
from sim.montecarlo.precision import standard_error
from sim.plots.reading import scenario_of
from sim.report.answer import Evidence, Gain
from sim.results import is_summary, summarise, summary_json
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Estimates", "Facts", "Stat", "read_facts"]

Stat = Mapping[str, float | None]
Estimates = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """A result and what is asked of it many times.

    Parameters
    ----------
    result : xarray.Dataset
        With draws, or a summary.
    statistics : xarray.Dataset
        See `sim.results.summarise`.
    summary : dict
        See `sim.results.summary_json`.
    scenario : Scenario
        Read from the text that the result carries.
    """

    result: xr.Dataset
    statistics: xr.Dataset
    summary: Mapping[str, Any]
    scenario: Scenario

    @property
    def draws(self) -> int:
        """Number of draws, kept or not."""
        return int(self.summary["draws"])

    @property
    def unit(self) -> str:
        """Unit of payoffs."""
        return str(self.result.attrs.get("unit", "")) or "the unit of the payoffs"

    @cached_property
    def solutions(self) -> tuple[str, ...]:
        """Solution concepts; the first is the headline's."""
        return self.labels("solution")

    @property
    def solution(self) -> str:
        """The solution that the headline rests on."""
        return self.solutions[0]

    @cached_property
    def regimes(self) -> tuple[str, ...]:
        """Regimes in the order of the run."""
        return self.labels("regime")

    @cached_property
    def players(self) -> Mapping[str, str]:
        """Full name of each player."""
        return self._named("player", "player_name")

    @cached_property
    def issues(self) -> Mapping[str, str]:
        """Label of each issue."""
        return self._named("issue", "issue_label")

    @cached_property
    def units(self) -> Mapping[str, str]:
        """Unit of each issue."""
        return self._named("issue", "issue_unit")

    @property
    def uncertain(self) -> bool:
        """Whether anything differs between draws."""
        return bool(self.scenario.uncertain)

    def labels(self, dim: str) -> tuple[str, ...]:
        """Return the labels of a dimension; none if it is not there."""
        known = dim in self.result.coords
        return tuple(str(v) for v in self.result[dim].values) if known else ()

    def _named(self, dim: str, name: str) -> dict[str, str]:
        keys = self.labels(dim)
        names = self.labels(name) or keys
        return {key: text or key for key, text in zip(keys, names, strict=True)}

    def cell(self, regime: str, solution: str | None = None) -> Mapping[str, Any]:
        """Return what a regime leads to, as in `summary_json`."""
        found: Mapping[str, Any] = self.summary["regimes"][regime][solution or self.solution]
        return found

    def gain(self, solution: str | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Return the linkage gains by player, {} where the run does not compare."""
        found: Mapping[str, Any] = self.summary["linkage_gain"].get(solution or self.solution, {})
        return found

    def scale(self, player: str, solution: str | None = None) -> float:
        """Return the size of a player's payoffs, against which nothing is told from little."""
        means = [self.cell(r, solution)["payoff_change"][player]["mean"] for r in self.regimes]
        return max((abs(m) for m in means if m is not None), default=0.0)

    def difference(self, variable: str, solution: str) -> dict[str, Estimates]:
        """Return linked − separate of a variable: mean and paired standard error.

        Parameters
        ----------
        variable : str
            By player, or by player and domain.
        solution : str

        Returns
        -------
        dict of str to array, shape (..., 2)
            By player, along the further dimension if there is one; the error is `inf` where
            nothing is known of it, as where only a summary was kept. {} where the run does not
            compare.
        """
        if variable not in self.result or not {"separate", "linked"} <= set(self.regimes):
            return {}
        source = self.statistics if is_summary(self.result) else self.result
        array = source[variable].sel(solution=solution)
        pair = [array.sel(regime=regime) for regime in ("linked", "separate")]
        if is_summary(self.result):
            linked, separate = (np.asarray(a.sel(statistic="mean").values) for a in pair)
            mean, error = linked - separate, np.full(linked.shape, np.inf)
        else:
            gap = np.asarray(pair[0].values) - np.asarray(pair[1].values)
            replicate = self.result["replicate"].values if "replicate" in self.result else None
            mean, error = gap.mean(axis=0), standard_error(gap, replicate)
        both = np.stack([mean, error], axis=-1)
        return dict(zip(self.labels("player"), both, strict=True))

    @cached_property
    def deals(self) -> Mapping[str, float]:
        """Per regime the share of draws in which every table reaches a deal.

        Where only a summary was kept, the share of the table that fails most.
        """
        if is_summary(self.result):
            tables = {r: self.cell(r)["agreement"].values() for r in self.regimes}
            return {r: min(shares) for r, shares in tables.items() if shares}
        if "agreement" not in self.result:
            return {}
        flags = self.result["agreement"].sel(solution=self.solution)
        return {
            r: float(np.mean((flags.sel(regime=r).values != 0).all(axis=1))) for r in self.regimes
        }

    def evidence(self) -> Evidence:
        """Return the numbers that the answer rests on."""
        known = self.gain()
        parts = self.labels("part")
        return Evidence(
            unit=self.unit,
            draws=self.draws,
            uncertain=self.uncertain,
            gains=tuple(self.gains(self.solution)),
            parts={
                self.players[key]: {part: stat[part]["mean"] for part in parts if part in stat}
                for key, stat in known.items()
            },
            deals=self.deals,
            payoffs={
                regime: {
                    self.players[key]: (stat["mean"], stat["se"] if self.uncertain else None)
                    for key, stat in self.cell(regime)["payoff_change"].items()
                    if stat["mean"] is not None
                }
                for regime in self.regimes
            },
        )

    def gains(self, solution: str) -> list[Gain]:
        """Return the linkage gains under a solution, those that are finite."""
        return [
            Gain(
                player=self.players[key],
                mean=stat["mean"],
                se=stat["se"] if self.uncertain else None,
                low=stat["q05"],
                high=stat["q95"],
                share=stat["p_gain"],
                tied=stat["p_tie"],
                scale=self.scale(key, solution),
            )
            for key, stat in self.gain(solution).items()
            if None not in (stat["mean"], stat["q05"], stat["q95"])
        ]


def read_facts(result: xr.Dataset) -> Facts:
    """Read a result of `sim.simulate` or `sim.load_result`.

    Raises
    ------
    ResultError
        The dataset is no result of a run: it lacks payoffs or provenance.
    """
    missing = [n for n in ("scenario_text", "scenario", "title") if n not in result.attrs]
    if missing or "payoff_change" not in result or "regime" not in result.dims:
        raise ResultError(
            "report: needs a result of sim run, with payoffs by regime and its provenance; "
            "for an analysis (sensitivity, sweep) see sim plot"
        )
    statistics = summarise(result)
    return Facts(
        result=result,
        statistics=statistics,
        summary=summary_json(statistics),
        scenario=scenario_of(result, "report"),
    )
