"""Settings of the service, from the environment; every variable begins with ``REACH15_``."""

from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")


def _is_address(rest: str) -> bool:
    """Whether a port, where there is one, is a number: what SQLAlchemy would otherwise quote with its password."""
    try:
        parts = urlsplit(f"//{rest}")
        return bool(rest) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


class Settings(BaseSettings):
    """All settings with their defaults; docs/settings.md lists them for users."""

    model_config = SettingsConfigDict(
        env_prefix="REACH15_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path | None = Field(
        default=None,
        description="Where imported areas are kept; by default the platform's user data directory.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Where areas and their versions are registered: `sqlite:///PATH`, by default the file "
        "reach15.sqlite in the data directory, or `postgresql+psycopg://USER:PASSWORD@HOST/NAME` for PostGIS.",
    )
    max_link_m: float = Field(
        default=150.0,
        gt=0,
        le=10_000,
        description="Longest access link in metres (walking model, section 3).",
    )
    dwelling_floor_area_m2: float = Field(
        default=100.0,
        ge=1,
        le=100_000,
        description="Gross floor area of one dwelling where nobody counted: about the mean of Chinese urban homes "
        "(Seventh National Population Census, 2020).",
    )
    default_building_levels: float = Field(
        default=1.0,
        gt=0,
        le=200,
        description="Storeys of a building that has no `building:levels` tag: the least that any building has.",
    )
    overpass_url: str = Field(
        default="https://overpass-api.de/api", description="Overpass server for --place and --bbox."
    )
    nominatim_url: str = Field(
        default="https://nominatim.openstreetmap.org", description="Nominatim server for --place."
    )
    download_timeout_s: float = Field(
        default=180.0, gt=0, le=86_400, description="Patience with Overpass and Nominatim."
    )
    download_margin_m: float = Field(
        default=1500.0,
        ge=0,
        le=100_000,
        description="How far beyond the study area data is fetched: 15 minutes at 5 km/h and two access links.",
    )
    loaded_areas: int = Field(default=8, ge=1, description="Areas that one process keeps in memory.")
    max_upload_mb: int = Field(
        default=512,
        ge=1,
        le=1_000_000,
        description="Largest body of an upload over HTTP, in megabytes (10^6 bytes).",
    )
    read_only: bool = Field(default=False, description="Refuse uploads and every other change over HTTP.")
    job_workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Worker processes that `reach15 serve` starts for imports and other jobs.",
    )
    job_lost_after_s: float = Field(
        default=15.0,
        ge=3,
        le=3_600,
        description="Silence after which the worker of a job is taken for dead; it reports twice a second.",
    )
    job_retry_h: float = Field(
        default=24.0,
        gt=0,
        le=8_760,
        description="How long what was sent for a failed job is kept for another try.",
    )

    keep_versions: int = Field(
        default=3,
        ge=1,
        le=1_000_000,
        description="Versions of an area that stay after an import, the new one included.",
    )
    actor: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Who changes things, for versions and the audit log: by default the user of the command line, "
        "and the client's address over HTTP.",
    )

    actor_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,100}$",
        description="Header in which a proxy that is trusted names who asks, such as `X-Forwarded-User`; without it "
        "changes over HTTP are noted under the client's address.",
    )

    @cached_property
    def data_path(self) -> Path:
        """The data directory, made absolute."""
        if self.data_dir is not None:
            return self.data_dir.expanduser().absolute()
        return Path(platformdirs.user_data_dir("reach15", appauthor=False))

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        address = value.get_secret_value()
        scheme, _, rest = address.partition("://")
        is_file = scheme == "sqlite" and rest.startswith("/") and rest not in ("/", "/:memory:")
        if not is_file and not (scheme in _POSTGRESQL and _is_address(rest)):
            raise ValueError("has to be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
        return value

    @cached_property
    def database_address(self) -> str:
        """The database's address with its password: not to be shown."""
        if self.database_url is None:
            return f"sqlite:///{self.data_path / 'reach15.sqlite'}"
        scheme, _, rest = self.database_url.get_secret_value().partition("://")
        if scheme == "sqlite":
            return f"sqlite:///{Path(rest[1:]).expanduser().absolute()}"
        return f"{_POSTGRESQL[0]}://{rest}"
