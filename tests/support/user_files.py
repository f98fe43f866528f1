"""Files as users bring them, written where a test needs one."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely import Polygon

from app.domain.errors import BadInputError

SQUARE = Polygon([(24.90, 60.10), (24.92, 60.10), (24.92, 60.12), (24.90, 60.12)])
L_SHAPE = Polygon([(24, 60), (24.4, 60), (24.4, 60.1), (24.1, 60.1), (24.1, 60.4), (24, 60.4)])
BOW_TIE = Polygon([(24, 60), (25, 61), (25, 60), (24, 61)])

Row = tuple[Mapping[str, Any], Any]


def csv_file(tmp_path: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def geojson_file(tmp_path: Path, rows: Sequence[Row], crs: object = None, name: str = "rows.geojson") -> Path:
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(shape) if isinstance(shape, shapely.Geometry) else shape,
        }
        for properties, shape in rows
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}} if isinstance(crs, str) else crs
    path = tmp_path / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def gpkg_file(
    tmp_path: Path,
    shapes: Sequence[Any],
    columns: Mapping[str, Sequence[Any]],
    crs: str | None,
    **options: Any,
) -> Path:
    import pyogrio.raw  # noqa: PLC0415 - a second that most tests do without

    path = tmp_path / "rows.gpkg"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
            field_data=[np.array(values) for values in columns.values()],
            fields=list(columns),
            geometry_type="Unknown",
            crs=crs,
            driver="GPKG",
            **options,
        )
    return path


def moved_to(crs: str, shape: Any) -> Any:
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return shapely.transform(shape, transformer.transform, interleaved=False)


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(BadInputError) as refused:
        read()
    message = str(refused.value)
    assert "\n" not in message
    return message


def moved_back(crs: str, shape: Any) -> Any:
    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    return shapely.transform(shape, transformer.transform, interleaved=False)
