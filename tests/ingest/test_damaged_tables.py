"""Damaged files of every format are read or refused in one line; nothing else ever happens.

`scripts/fuzz_readers.py` does the same for as long as it is let.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.damage import READS, damaged, read_damaged, seeds
from tests.support.table_formats import FORMATS

EDITS = st.binary(min_size=5, max_size=40)


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    return seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize("ending", FORMATS)
def test_the_seeds_are_valid(valid: Mapping[str, bytes], scratch: Path, ending: str) -> None:
    assert not read_damaged(ending, valid[ending], 2, scratch)


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(edits=EDITS, how=st.integers(0, len(READS) - 1))
def test_damage_is_refused_or_read(
    valid: Mapping[str, bytes], scratch: Path, ending: str, edits: bytes, how: int
) -> None:
    read_damaged(ending, damaged(valid[ending], edits), how, scratch)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_way_of_being_cut_short(valid: Mapping[str, bytes], scratch: Path, ending: str) -> None:
    content = valid[ending]
    refused = 0
    for part in range(40):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            refused += read_damaged(ending, content[: len(content) * part // 40], 2, scratch)
    # Lines may be missing from text without anybody's seeing it.
    assert refused == 40 or ending in ("csv", "tsv", "geojsonl")
