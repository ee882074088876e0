"""`general_equilibrium`: a world of regions that trade, as a file states it.

The formulas are those of `sim.payoffs.GeneralEquilibrium`: an Armington world of one sector in
which tariffs move wages, prices and revenue everywhere (Dekle, Eaton and Kortum 2008; Ossa 2014).
It may stand in the place of `market:` terms, which hold wages fixed; do not count the same trade in
both.
Trade and output are two tables: paths of CSV files beside the scenario, or mappings. Paths are
replaced by what they hold when the scenario is read (`sim.scenario.flows`), so that its resolved
text, its hash and every stored result contain the data themselves.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.scenario.block import Block, Text
from sim.scenario.names import shown
from sim.scenario.numbers import AboveMinusOne, AboveOne, Bounds, NonNegative, fault, read_number
from sim.scenario.terms import Term

__all__ = ["GeneralEquilibrium", "RegionTariff", "WorldData"]

_BOUNDS = Bounds(low=0.0)


def _amount(value: object) -> float:
    found = None if isinstance(value, str) else read_number(value, _BOUNDS)
    if not isinstance(found, float):
        raise fault(f"must be a plain number, at least 0, not {shown(value)}")
    return found


Amount = Annotated[float, BeforeValidator(_amount), Field(ge=0)]
"""A plain number, at least 0: data are no parameters."""
_ROW: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
_FILE = {"type": "string", "description": "path of a CSV file, relative to the scenario file"}


class WorldData(Block):
    """Who sells how much to whom, and what every region makes."""

    trade: Annotated[
        dict[Text, dict[Text, Amount]],
        WithJsonSchema({"anyOf": [_FILE, {"type": "object", "additionalProperties": _ROW}]}),
    ] = Field(
        description="Border values, USD bn per year: exporter to importer to value. As a CSV file: "
        "importers in the first row, exporters in the first column. A region's trade with itself "
        "does not matter: domestic sales are output less exports."
    )
    gdp: Annotated[dict[Text, Amount], WithJsonSchema({"anyOf": [_FILE, _ROW]})] = Field(
        description="Output of every region, USD bn per year. As a CSV file: a header, then "
        "region and value on each row."
    )


class RegionTariff(Block):
    """A tariff that is bargained over."""

    exporter: Text = Field(description="The region whose goods pay it.")
    importer: Text = Field(description="The region that levies it.")
    issue: Text = Field(description="The issue that is its ad valorem rate, 0.25 is 25 %.")
    baseline: AboveMinusOne | None = Field(
        None,
        description="Rate at which the trade was observed; the status quo of the issue unless "
        "given.",
    )


class GeneralEquilibrium(Term):
    """Real income in a world of one sector where tariffs move wages everywhere (Armington)."""

    kind: ClassVar[str] = "general_equilibrium"
    default_domain: ClassVar[str | None] = "tariffs"

    general_equilibrium: WorldData = Field(
        description="The baseline: {trade, gdp}, each a CSV file or a mapping. Use it instead of "
        "markets: tariffs then also move wages, all prices and the revenue of other tariffs. "
        "Tariffs that are no issue are 0 and stay 0; trade deficits stay constant."
    )
    regions: dict[Text, Text] = Field(
        description="The region of each player: {US: USA}. Other regions have no payoff."
    )
    tariffs: tuple[RegionTariff, ...] = Field(
        description="The tariffs that are issues, one exporter and importer each; several may "
        "share an issue."
    )
    elasticity: AboveOne = Field(
        description="Elasticity of substitution sigma between regions' goods, above 1; the trade "
        "elasticity is sigma - 1."
    )
    income: dict[Text, NonNegative] = Field(
        default={}, description="Per player the political weight of real factor income; 1."
    )
    revenue: dict[Text, NonNegative] = Field(
        default={}, description="Per player the political weight of real tariff revenue; 1."
    )

    @property
    def issues(self) -> tuple[str, ...]:
        """The tariffs that are issues."""
        return tuple(dict.fromkeys(tariff.issue for tariff in self.tariffs))
