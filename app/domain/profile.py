"""Walking profiles: who walks, how fast, and what they cannot use. Each constant names its source."""

from dataclasses import dataclass

from app.domain.errors import NotFoundError


@dataclass(frozen=True)
class Profile:
    """A way of walking. ``avoids_steps``: steps without a ramp and ways tagged ``wheelchair=no`` are left out."""

    id: str
    speed_mps: float
    avoids_steps: bool
    basis: str


STANDARD_PROFILE_ID = "standard"

PROFILES = {
    profile.id: profile
    for profile in (
        Profile(
            STANDARD_PROFILE_ID,
            1000 / 900,
            avoids_steps=False,
            basis="GB 50180-2018, 2.0.2: 1000 m is the upper bound of the 15-minute tier",
        ),
        Profile("elderly", 0.80, avoids_steps=False, basis="lower value of walking speeds at 65 and over"),
        Profile("child", 0.90, avoids_steps=False, basis="a child walking with an adult"),
        Profile("wheelchair", 0.90, avoids_steps=True, basis="no steps without a ramp, no wheelchair=no"),
        Profile("brisk", 5 / 3.6, avoids_steps=False, basis="5 km/h, the usual default of routers"),
    )
}


class ProfileNotFoundError(NotFoundError):
    """No profile has this name."""

    def __init__(self, profile_id: str) -> None:
        self.profile_id = profile_id
        super().__init__(f"profile '{profile_id}' does not exist (profiles: {', '.join(PROFILES)})")


def get_profile(profile_id: str) -> Profile:
    """The profile of this name.

    Raises
    ------
    ProfileNotFoundError
        If there is none.
    """
    if profile_id not in PROFILES:
        raise ProfileNotFoundError(profile_id)
    return PROFILES[profile_id]
