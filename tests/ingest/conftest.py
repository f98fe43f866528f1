"""A stand-in for Overpass and Nominatim."""

import time
from collections.abc import Iterator

import pytest

from app.ingest.demo_extract import find_demo_extract
from tests.support.overpass_stand_in import (
    StandIn,
)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # OSMnx waits a second before each question to Nominatim, out of courtesy to the public server.
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with StandIn(find_demo_extract()) as server:
        yield server
