"""Errors of the engine. They carry facts and know nothing of HTTP, files or the command line."""


class GeoError(Exception):
    """Base of all errors that the engine raises on purpose."""


class NoWalkableWayError(GeoError):
    """There is no street to walk on."""

    def __init__(self, ways_seen: int) -> None:
        self.ways_seen = ways_seen
        super().__init__(f"no walkable way among {ways_seen} ways")


class AreaTooWideError(GeoError):
    """One local metric projection cannot hold the area within the promised scale error."""

    def __init__(self, half_width_m: float, limit_m: float) -> None:
        self.half_width_m = half_width_m
        self.limit_m = limit_m
        super().__init__(
            f"the walkable ways reach {half_width_m / 1000:.0f} km east or west of their middle; "
            f"at most {limit_m / 1000:.0f} km can be measured in one area: cut the extract into smaller areas"
        )


class InvalidSpeedError(GeoError):
    """A walking speed that is not a positive, finite number."""

    def __init__(self, speed_mps: float) -> None:
        self.speed_mps = speed_mps
        super().__init__(f"walking speed {speed_mps} m/s is not between 0.1 and 10 m/s")


class InvalidCutoffError(GeoError):
    """A largest accepted walking time that is not positive."""

    def __init__(self, cutoff_s: float) -> None:
        self.cutoff_s = cutoff_s
        super().__init__(f"cutoff {cutoff_s} s is not above 0")


class InvalidInputArrayError(GeoError):
    """An array handed to the engine has the wrong shape or holds NaN or infinity."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"{name}: {problem}")
