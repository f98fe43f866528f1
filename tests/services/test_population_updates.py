"""New households of an area whose people came from a grid: spread again, or said to be lost."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.area import Area, ImportReport
from app.domain.errors import BadInputError
from app.services.update_area import DataRequest, update_area
from tests.services.test_import_population import EAST, WEST, grid_file
from tests.support.small_town import SERVICES, area_file, csv_file, do_import, town
from tests.support.stores import area_store

HOMES = [("a", (-50.0, 5.0), "3"), ("b", (50.0, 5.0), "1"), ("c", (60.0, 5.0), "2"), ("d", (280.0, 5.0), "1")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An area with people out of a grid; its study area ends at x = 250."""
    folder = tmp_path / "data"
    do_import(
        folder,
        town().write(tmp_path / "town.osm"),
        extent_file=area_file(tmp_path / "extent.geojson", (-300, -300), (300, 400)),
        boundary_file=area_file(tmp_path / "boundary.geojson", (-300, -300), (250, 400)),
        population_file=grid_file(tmp_path / "old.geojson", (WEST, 100), (EAST, 90)),
    )
    return folder


def renew(data: Path, **options: Any) -> tuple[ImportReport, Area]:
    homes = csv_file(data.parent / "homes.csv", "id,lon,lat,households", HOMES)
    request = DataRequest("town", "households", homes, **options)
    report = update_area(request, area_store(data), known_services=SERVICES)
    return report, area_store(data).load("town")


def test_without_a_grid_it_is_said_that_people_are_no_longer_known(data: Path) -> None:
    report, area = renew(data)
    assert area.households.population is None
    (warning,) = (told for told in report.warnings if "population" in told)
    assert warning.startswith("the area's households told population, the new ones do not")
    assert "--population FILE" in warning
    assert "population" not in report.counts
    # and once it is said, there is nothing left to be lost
    again, _ = renew(data)
    assert not any("population" in told for told in again.warnings)


def test_a_grid_is_spread_over_the_new_ones_by_their_dwellings(data: Path, tmp_path: Path) -> None:
    grid = grid_file(tmp_path / "new.geojson", (WEST, 60), (EAST, 40))
    aged = grid_file(tmp_path / "aged.geojson", (WEST, 6), (EAST, 4), column="pop_60plus")
    groups = (("pop_60plus", aged),)
    dry, before = renew(data, population_file=grid, population_groups=groups, dry_run=True)
    assert before.households.population is not None
    assert before.households.population.sum() == pytest.approx(190)
    report, area = renew(data, population_file=grid, population_groups=groups)
    assert report.counts == dry.counts
    assert area.households.id.tolist() == ["a", "b", "c"]
    assert area.households.population == pytest.approx([60, 10, 20])
    assert area.households.weights("pop_60plus") == pytest.approx([6, 1, 2])
    told = report.counts["population"]
    assert (told["persons_read"], told["persons_placed"], told["persons_kept"]) == (100, 100, 90)
    assert told["pop_60plus_persons_outside_study_area"] == 1
    assert not any("no longer" in warning for warning in report.warnings)


def test_a_grid_goes_with_the_replacement_of_all(data: Path, tmp_path: Path) -> None:
    grid = grid_file(tmp_path / "new.geojson", (WEST, 60), (EAST, 40))
    with pytest.raises(BadInputError, match="give it where all households are replaced"):
        renew(data, population_file=grid, mode="append")
    with pytest.raises(BadInputError, match="has no column population, which the area's households have"):
        renew(data, mode="append")
    with pytest.raises(BadInputError, match="--population-column: speaks of a grid"):
        renew(data, population_column="persons")


def test_a_grid_in_shifted_coordinates(data: Path, tmp_path: Path) -> None:
    grid = grid_file(tmp_path / "new.geojson", (WEST, 60), (EAST, 40))
    report, _ = renew(
        data, population_file=grid, population_crs="gcj02", dry_run=True
    )  # not in China: the same
    assert report.counts["population"]["persons_placed"] == 100
    with pytest.raises(BadInputError, match="EPSG:99 is not known"):
        renew(data, population_file=grid, population_crs="EPSG:99")


def test_reports_name_files_without_the_folders_of_this_machine(data: Path) -> None:
    homes = csv_file(data.parent / "homes.csv", "id,lon,lat,population", [("a", (0.0, 5.0), "1")])
    report = update_area(DataRequest("town", "households", homes), area_store(data), known_services=SERVICES)
    assert any(warning.startswith("homes.csv: has no column households") for warning in report.warnings)
    assert not any(str(data.parent) in warning for warning in report.warnings)
