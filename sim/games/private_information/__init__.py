"""Bargaining with secrets: single offers, menus, both-sided trade, offers over time."""

from sim.games.private_information.bilateral import (
    DoubleAuction,
    Mechanism,
    Prior,
    chatterjee_samuelson,
    myerson_satterthwaite,
    uniform_prior,
)
from sim.games.private_information.lotteries import LotteryMenu, lottery_menu
from sim.games.private_information.menus import TypeMenu, screening_menu
from sim.games.private_information.sequential import (
    CoasePath,
    TwoPeriods,
    coase_path,
    two_period_offers,
    uniform_offers,
)
from sim.games.private_information.ultimatum import (
    PostedPrice,
    PriceRisk,
    Screening,
    posted_price,
    price_versus_risk,
    refusals,
    take_it_or_leave_it,
    uniform_price,
)

__all__ = [
    "CoasePath",
    "DoubleAuction",
    "LotteryMenu",
    "Mechanism",
    "PostedPrice",
    "PriceRisk",
    "Prior",
    "Screening",
    "TwoPeriods",
    "TypeMenu",
    "chatterjee_samuelson",
    "coase_path",
    "lottery_menu",
    "myerson_satterthwaite",
    "posted_price",
    "price_versus_risk",
    "refusals",
    "screening_menu",
    "take_it_or_leave_it",
    "two_period_offers",
    "uniform_offers",
    "uniform_price",
    "uniform_prior",
]
