"""The shipped walking profiles, by name."""

from app.domain.profile import Profile
from app.ingest.profile_files import get_shipped_profile, load_shipped_profiles


def list_profile_ids() -> tuple[str, ...]:
    """Ids of all shipped profiles, the default one first."""
    return tuple(load_shipped_profiles())


def get_profile(profile_id: str) -> Profile:
    """The shipped profile of this id; never a file, since requests ask here.

    Raises
    ------
    ProfileNotFoundError
        If there is none.
    """
    return get_shipped_profile(profile_id)
