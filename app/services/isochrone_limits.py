"""Limits of isochrones: in minutes or metres, and how many of them, how far."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.domain.errors import BadInputError
from app.domain.standard import Service
from app.geo.units import SECONDS_PER_MINUTE

Unit = Literal["minutes", "meters"]

MOST_MINUTES = 180.0
MOST_METERS = 15_000.0
"""Three hours on foot, or the 15 km that the fastest shipped profile walks in them: beyond any everyday walk, and what
a question costs grows with the square of its limit. Whatever the speed, no limit may come to more metres."""

MOST_LIMITS = 10


@dataclass(frozen=True)
class Limit:
    """A limit as it was asked for."""

    value: float
    unit: Unit


def parse_limits(text: str, unit: Unit) -> list[Limit]:
    """Limits from numbers joined by commas.

    Raises
    ------
    BadInputError
        If one is no number; `check_limits` says whether they can be used.
    """
    limits = []
    for part in text.split(","):
        try:
            limits.append(Limit(float(part), unit))
        except ValueError as error:
            problem = f"'{part.strip()}' is not a number; give numbers joined by commas, such as 5,10,15"
            raise BadInputError(unit, problem) from error
    return limits


def check_limits(limits: Iterable[Limit], speed_mps: float) -> list[Limit]:
    """Each limit once, minutes before metres, ascending.

    Raises
    ------
    BadInputError
        If there is none, one cannot be used, or there are too many.
    """
    chosen = sorted(set(limits), key=lambda limit: (limit.unit == "meters", limit.value))
    if not chosen:
        raise BadInputError("minutes", "is missing; give minutes or meters, such as 5,10,15")
    if len(chosen) > MOST_LIMITS:
        raise BadInputError(
            chosen[0].unit, f"{len(chosen)} limits are too many; at most {MOST_LIMITS} in one question"
        )
    for limit in chosen:
        most = MOST_MINUTES if limit.unit == "minutes" else MOST_METERS
        if not 0 <= limit.value <= most:  # NaN fails this too
            raise BadInputError(limit.unit, f"{limit.value:g} is not between 0 and {most:g}")
        if limit.unit == "minutes" and limit.value * SECONDS_PER_MINUTE * speed_mps > MOST_METERS * (
            1 + 1e-9
        ):
            raise BadInputError(
                "minutes",
                f"{limit.value:g} minutes at {speed_mps:g} m/s are more than {MOST_METERS:g} m; ask for fewer",
            )
    return chosen


def choose_limits(
    minutes: str | None, meters: str | None, service: Service | None, speed_mps: float
) -> list[Limit]:
    """Limits as they were written; without any, that of the service whose catchment is asked for.

    Raises
    ------
    BadInputError
        If there is none, or one cannot be used.
    """
    limits = [] if minutes is None else parse_limits(minutes, "minutes")
    limits += [] if meters is None else parse_limits(meters, "meters")
    if not limits and service is not None:
        limits = [service_limit(service)]
    return check_limits(limits, speed_mps)


def service_limit(service: Service) -> Limit:
    """The limit that a service itself has.

    Raises
    ------
    BadInputError
        If it is a straight line, which is no walk.
    """
    if service.straight_m is not None:
        raise BadInputError(
            "minutes",
            f"the limit of service '{service.id}' is a straight line, not a walk; give minutes or meters",
        )
    if service.limit_m is not None:
        return Limit(service.limit_m, "meters")
    return Limit((service.limit_s or 0.0) / SECONDS_PER_MINUTE, "minutes")
