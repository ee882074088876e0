"""The public names of `sim.games` and the modules that they come from; read at run time too."""
# ruff: noqa: I001

from sim.games.agenda import (
    AgendaStage as AgendaStage,
    MajorityBargain as MajorityBargain,
    SequentialAgenda as SequentialAgenda,
    majority_rule as majority_rule,
    sequential_agenda as sequential_agenda,
)
from sim.games.alternating_offers import (
    Branch as Branch,
    Convergence as Convergence,
    Curve as Curve,
    Event as Event,
    FiniteHorizon as FiniteHorizon,
    Issues as Issues,
    Menu as Menu,
    Offer as Offer,
    Pie as Pie,
    Stage as Stage,
    StationaryEquilibrium as StationaryEquilibrium,
    Table as Table,
    Talks as Talks,
    convergence_path as convergence_path,
    finite_horizon as finite_horizon,
    limit_disagreement as limit_disagreement,
    nash_limit as nash_limit,
    one_shot_regret as one_shot_regret,
    stationary_equilibrium as stationary_equilibrium,
)
from sim.games.coalitions.characteristic import (
    CoalitionalGame as CoalitionalGame,
    airport_game as airport_game,
    bankruptcy_game as bankruptcy_game,
    characteristic_function as characteristic_function,
    merge_players as merge_players,
    owen_value as owen_value,
    shapley_value as shapley_value,
    voting_power as voting_power,
    weighted_voting_game as weighted_voting_game,
)
from sim.games.contests import (
    Contest as Contest,
    contest_payoffs as contest_payoffs,
    tullock as tullock,
)
from sim.games.coalitions.core_nucleolus import (
    Core as Core,
    Nucleolus as Nucleolus,
    core as core,
    excesses as excesses,
    nucleolus as nucleolus,
)
from sim.games.strategic_form.correlated import (
    CorrelatedEquilibrium as CorrelatedEquilibrium,
    CorrelatedRange as CorrelatedRange,
    correlated_equilibrium as correlated_equilibrium,
    correlated_range as correlated_range,
    correlated_regret as correlated_regret,
)
from sim.games.crisis import (
    CrisisRange as CrisisRange,
    PreventiveWar as PreventiveWar,
    RiskReturn as RiskReturn,
    crisis_range as crisis_range,
    preventive_war as preventive_war,
    risk_return as risk_return,
)
from sim.games.domains import (
    NegotiationDomain as NegotiationDomain,
)
from sim.games.strategic_form.dominance import (
    Reduction as Reduction,
    dominated as dominated,
    iterated_elimination as iterated_elimination,
    survivors as survivors,
)
from sim.games.enforcement.trigger import (
    CriticalDiscount as CriticalDiscount,
    EnforcementLinkage as EnforcementLinkage,
    Interdependence as Interdependence,
    critical_discount as critical_discount,
    enforcement_linkage as enforcement_linkage,
    enforcement_of as enforcement_of,
    interdependent_discount as interdependent_discount,
)
from sim.games.strategic_form.equilibrium import (
    Equilibrium as Equilibrium,
    EquilibriumSet as EquilibriumSet,
    certify as certify,
)
from sim.games.extensive_form import (
    ExtensiveFormGame as ExtensiveFormGame,
    Node as Node,
    Outcome as Outcome,
    chance as chance,
    decision as decision,
    terminal as terminal,
)
from sim.games.exchange.domain import (
    read_domain as read_domain,
)
from sim.games.exchange.gambit import (
    read as read,
)
from sim.games.exchange.gambit_efg import (
    efg_text as efg_text,
    parse_efg as parse_efg,
    read_efg as read_efg,
    write_efg as write_efg,
)
from sim.games.exchange.gambit_nfg import (
    nfg_text as nfg_text,
    parse_nfg as parse_nfg,
    read_nfg as read_nfg,
    write_nfg as write_nfg,
)
from sim.games.strategic_form.nash import (
    equilibria as equilibria,
)
from sim.games.coalitions.nash_in_nash import (
    HubDeals as HubDeals,
    UpstreamPrices as UpstreamPrices,
    horn_wolinsky_cournot as horn_wolinsky_cournot,
    hub_nash_in_nash as hub_nash_in_nash,
)
from sim.games.strategic_form.normal_form import (
    NormalFormGame as NormalFormGame,
    best_responses as best_responses,
    bimatrix as bimatrix,
    deviation_payoffs as deviation_payoffs,
    expected_payoffs as expected_payoffs,
    merge_ties as merge_ties,
    pure_profile as pure_profile,
    regret as regret,
    relative_regret as relative_regret,
    zero_sum as zero_sum,
)
from sim.games.strategic_form.polynomial import (
    polynomial_equilibria as polynomial_equilibria,
)
from sim.games.private_information import (
    CoasePath as CoasePath,
    DoubleAuction as DoubleAuction,
    LotteryMenu as LotteryMenu,
    Mechanism as Mechanism,
    PostedPrice as PostedPrice,
    PriceRisk as PriceRisk,
    Prior as Prior,
    Screening as Screening,
    TwoPeriods as TwoPeriods,
    TypeMenu as TypeMenu,
    chatterjee_samuelson as chatterjee_samuelson,
    coase_path as coase_path,
    lottery_menu as lottery_menu,
    myerson_satterthwaite as myerson_satterthwaite,
    posted_price as posted_price,
    price_versus_risk as price_versus_risk,
    refusals as refusals,
    screening_menu as screening_menu,
    take_it_or_leave_it as take_it_or_leave_it,
    two_period_offers as two_period_offers,
    uniform_offers as uniform_offers,
    uniform_price as uniform_price,
    uniform_prior as uniform_prior,
)
from sim.games.public_goods import (
    Alliance as Alliance,
    alliance_contributions as alliance_contributions,
    alliance_utility as alliance_utility,
)
from sim.games.strategic_form.pure import (
    pure_equilibria as pure_equilibria,
    pure_profiles as pure_profiles,
)
from sim.games.strategic_form.quantal_response import (
    LogitPath as LogitPath,
    LogitResponse as LogitResponse,
    logit_path as logit_path,
    logit_response as logit_response,
    logit_selection as logit_selection,
)
from sim.games.strategic_form.selection import (
    Selection as Selection,
    payoff_dominant as payoff_dominant,
    risk_dominant as risk_dominant,
)
from sim.games.settlements import (
    TransferRange as TransferRange,
    lots_within as lots_within,
    range_before_shift as range_before_shift,
    transfer_range as transfer_range,
)
from sim.games.enforcement.self_enforcing import (
    CooperationIssue as CooperationIssue,
    DeepestAgreement as DeepestAgreement,
    deepest_agreement as deepest_agreement,
    power_issue as power_issue,
)
from sim.games.threats.tariff_games import (
    LinearTariffGame as LinearTariffGame,
    OptimalTariff as OptimalTariff,
    optimal_tariff as optimal_tariff,
)
from sim.games.threats.tariff_war import (
    TariffOutcome as TariffOutcome,
    cooperative_tariffs as cooperative_tariffs,
    nash_tariffs as nash_tariffs,
    symmetric_nash_tariff as symmetric_nash_tariff,
)
from sim.games.threats.war import (
    NashWar as NashWar,
    best_response as best_response,
    nash_war as nash_war,
    war_regret as war_regret,
)
from sim.games.strategic_form.two_by_two import (
    TwoByTwoEquilibria as TwoByTwoEquilibria,
    two_by_two_equilibria as two_by_two_equilibria,
)
from sim.games.strategic_form.two_player import (
    two_player_equilibria as two_player_equilibria,
)
from sim.games.threats.variable import (
    OptimalThreats as OptimalThreats,
    optimal_threats as optimal_threats,
    optimal_threats_transferable as optimal_threats_transferable,
    zero_sum_value as zero_sum_value,
)
