"""Heat maps of siting as GeoJSON and as GeoTIFF."""

import importlib
from typing import Any

import numpy as np
import shapely

from app.domain.area import ATTRIBUTION
from app.domain.standard import Standard
from app.ingest.rasters import load_rasterio
from app.schemas.numbers import DEGREE_DECIMALS, WEIGHT_DECIMALS
from app.schemas.provenance import area_provenance
from app.services.area_engine import AreaEngine
from app.services.assessment import Walker
from app.services.siting_heat import Heat
from app.services.siting_question import SitingQuestion

NO_DATA = -1.0
"""Value of cells that no street can be reached from, or outside the area."""


def heat_to_geojson(
    heat: Heat, engine: AreaEngine, standard: Standard, walker: Walker, question: SitingQuestion
) -> dict[str, Any]:
    """One square for each cell that a facility could be built in."""
    area = engine.area
    squares = shapely.get_coordinates(heat.grid.squares(heat.cells)).reshape(-1, 5, 2)
    rings = np.round(squares, DEGREE_DECIMALS).tolist()
    names = heat.grid.names(heat.cells)
    gained = np.round(heat.gained, WEIGHT_DECIMALS).tolist()
    return {
        "type": "FeatureCollection",
        "attribution": ATTRIBUTION,
        "area": {"id": area.id, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "services": [service.id for service in question.services],
        "profile": walker.profile.id,
        "speed_mps": walker.speed_mps,
        "weight": question.weight,
        "cell_m": heat.grid.cell_m,
        "ignore_existing": question.ignore_existing,
        "provenance": area_provenance(area) | {"standard_version": standard.version},
        "features": [
            {
                "type": "Feature",
                "id": name,
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"gained": value},
            }
            for name, ring, value in zip(names, rings, gained, strict=True)
        ],
    }


def heat_to_geotiff(heat: Heat) -> bytes:
    """The same as a raster of 32-bit floats in the grid's own UTM zone; `NO_DATA` where nothing can be built.

    Raises
    ------
    BadInputError
        If rasterio is not installed.
    """
    rasterio = load_rasterio("format geotiff", "a heat map", doing="writing")
    files = importlib.import_module("rasterio.io")
    grid = heat.grid
    values = np.full(grid.count, NO_DATA, dtype=np.float32)
    values[heat.cells] = heat.gained
    raster = values.reshape(grid.rows, grid.columns)[::-1]  # images begin in the north
    profile = {
        "driver": "GTiff",
        "width": grid.columns,
        "height": grid.rows,
        "count": 1,
        "dtype": "float32",
        "crs": rasterio.crs.CRS.from_epsg(grid.epsg),
        "transform": rasterio.Affine(grid.cell_m, 0.0, grid.west_m, 0.0, -grid.cell_m, grid.north_m),
        "nodata": NO_DATA,
        "compress": "deflate",
    }
    with files.MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(raster, 1)
            target.set_band_description(1, "weight newly covered by one facility")
        content: bytes = memory.read()
    return content
