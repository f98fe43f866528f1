"""New households of an area whose people came from a grid, which is kept: spread again, or said to be lost."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.area import Area, ImportReport
from app.domain.errors import BadInputError
from app.services.update_area import update_area
from app.services.update_request import DataRequest
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


def renew(
    data: Path, homes: Any = HOMES, header: str = "id,lon,lat,households", **options: Any
) -> tuple[ImportReport, Area]:
    file = csv_file(data.parent / "homes.csv", header, homes)
    request = DataRequest("town", "households", file, **options)
    report = update_area(request, area_store(data), known_services=SERVICES)
    return report, area_store(data).load("town")


def imported(data: Path, homes: Any, **grids: Any) -> Area:
    """The area as an import with these homes and the first grids makes it."""
    file = csv_file(data.parent / "all.csv", "id,lon,lat,households", homes)
    folder = data.parent
    return do_import(
        folder / "fresh",
        folder / "town.osm",
        extent_file=folder / "extent.geojson",
        boundary_file=folder / "boundary.geojson",
        households_file=file,
        **({"population_file": folder / "old.geojson"} | grids),
    )[1]


def test_the_areas_own_grid_is_spread_over_the_new_ones(data: Path) -> None:
    report, area = renew(data)
    assert area.households.population == pytest.approx([100, 22.5, 45])
    told = report.counts["population"]
    assert (told["persons_read"], told["persons_placed"], told["persons_kept"]) == (190, 190, 167.5)
    assert told["persons_outside_study_area"] == 22.5
    assert not any("population" in warning for warning in report.warnings)
    assert area.data_hash == imported(data, HOMES).data_hash
    again, _ = renew(data)
    assert again.counts["population"] == told


def test_added_homes_share_in_their_cells(data: Path, tmp_path: Path) -> None:
    _, first = renew(data, homes=[HOMES[0], HOMES[1], HOMES[3]])
    assert first.households.population == pytest.approx([100, 45])
    report, area = renew(
        data, homes=[HOMES[2], ("0", (100.0, 5.0), "4"), ("e", (270.0, 5.0), "1")], mode="append"
    )
    everybody = [*HOMES, ("0", (100.0, 5.0), "4"), ("e", (270.0, 5.0), "1")]
    assert area.households.population == pytest.approx([40, 100, 10, 20])
    assert area.data_hash == imported(data, everybody).data_hash
    assert report.counts["population"]["persons_placed"] == 190
    assert report.counts["population"]["persons_outside_study_area"] == 20


def test_homes_added_to_buildings_count_as_an_estimated_dwelling_does(data: Path) -> None:
    before = area_store(data).load("town").households
    assert before.population is not None
    _, area = renew(data, homes=[("new", (-60.0, 5.0), "2"), ("other", (-70.0, 5.0), "1")], mode="append")
    people = dict(zip(area.households.id.tolist(), area.households.weights("population"), strict=True))
    # Way 20 has 620 m2, a dwelling stands for 100 m2: shares of 620, 200 and 100 in the hundred of the western cell.
    assert people["way/20"] == pytest.approx(100 * 620 / 920, abs=0.05)
    assert people["new"] == pytest.approx(2 * people["other"], rel=1e-12)
    assert people["way/20"] + people["new"] + people["other"] == pytest.approx(100, rel=1e-9)
    eastern = [people[name] for name in ("way/21", "way/22", "way/23")]
    assert eastern == pytest.approx(before.population[1:].tolist(), rel=1e-12)


def test_the_grid_stays_when_other_data_is_replaced(data: Path, tmp_path: Path) -> None:
    places = csv_file(tmp_path / "places.csv", "id,lon,lat,services", [("p", (0.0, 5.0), "clinic")])
    update_area(DataRequest("town", "facilities", places), area_store(data), known_services=SERVICES)
    _, area = renew(data)
    assert area.households.population == pytest.approx([100, 22.5, 45])


def test_grids_of_age_groups_stay_beside_a_new_one_of_all(data: Path, tmp_path: Path) -> None:
    aged = (("pop_60plus", grid_file(tmp_path / "aged.geojson", (WEST, 6), (EAST, 4), column="pop_60plus")),)
    renew(data, population_groups=aged)
    grid = grid_file(tmp_path / "new.geojson", (WEST, 60), (EAST, 40))
    report, area = renew(data, population_file=grid)
    assert area.data_hash == imported(data, HOMES, population_file=grid, population_groups=aged).data_hash
    assert report.counts["population"]["pop_60plus_persons_placed"] == 10


def test_homes_that_tell_their_people_end_the_grid(data: Path) -> None:
    homes = [("a", (-50.0, 5.0), "3,7"), ("b", (50.0, 5.0), "1,2")]
    header = "id,lon,lat,households,population"
    with pytest.raises(
        BadInputError, match=r"has a column population, but .* share the people of old\.geojson"
    ):
        renew(data, homes=homes, header=header, mode="append")
    report, area = renew(data, homes=homes, header=header)
    assert area.households.population == pytest.approx([7, 2])
    assert "homes.csv: tells population itself, so the grid old.geojson is no longer kept" in report.warnings
    report, area = renew(data)
    assert area.households.population is None
    (warning,) = (told for told in report.warnings if "population" in told)
    assert warning.startswith("the area's households told population, the new ones do not")
    assert "--population FILE" in warning
    assert "population" not in report.counts
    # and once it is said, there is nothing left to be lost
    again, _ = renew(data)
    assert not any("population" in told for told in again.warnings)


def test_new_homes_in_no_cell_of_the_grid_are_counted(data: Path, tmp_path: Path) -> None:
    part = grid_file(tmp_path / "part.geojson", (WEST, 60))
    renew(data, population_file=part)
    report, area = renew(data, homes=[("b", (50.0, 5.0), "1")])
    assert area.households.population == pytest.approx([0])
    assert any("part.geojson: 1 of 1 households lie in no inhabited cell" in told for told in report.warnings)
    assert any("part.geojson: 60 persons live in 1 cells" in told for told in report.warnings)


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
