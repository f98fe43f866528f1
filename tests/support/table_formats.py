"""The same rows written in every format that is read."""

import io
import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

Columns = Mapping[str, Sequence[Any]]

FORMATS = ("csv", "tsv", "xlsx", "geojson", "geojsonl", "gpkg", "zip", "fgb", "parquet")


def write(path: Path, shapes: Sequence[Any], columns: Columns, crs: str = "EPSG:4326") -> Path:
    """Rows in the format of the path's ending; coordinates as they are, said to be in `crs` where a file can say it."""
    ending = path.suffix[1:]
    if ending in ("csv", "tsv", "xlsx"):
        _write_table(path, ending, shapes, columns)
    elif ending in ("geojson", "geojsonl"):
        _write_geojson(path, ending, shapes, columns, crs)
    elif ending == "parquet":
        _write_parquet(path, shapes, columns, crs)
    elif ending == "zip":
        path.write_bytes(zip_of(shapefile(path.parent / f"{path.stem}-parts", shapes, columns, crs)))
    else:
        # A spatial index would put the features into another order.
        options = {"layer_options": {"SPATIAL_INDEX": "NO"}} if ending == "fgb" else {}
        gdal(path, {"gpkg": "GPKG", "fgb": "FlatGeobuf"}[ending], shapes, columns, crs, **options)
    return path


def gdal(
    path: Path, driver: str, shapes: Sequence[Any], columns: Columns, crs: str | None, **options: Any
) -> None:
    import pyogrio.raw  # noqa: PLC0415 - a second that most tests do without

    kinds = {shape.geom_type for shape in shapes if shape is not None}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
            field_data=[np.array(values) for values in columns.values()],
            fields=list(columns),
            geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
            crs=crs,
            driver=driver,
            **options,
        )


def shapefile(
    folder: Path,
    shapes: Sequence[Any],
    columns: Columns,
    crs: str | None = "EPSG:4326",
    encoding: str = "UTF-8",
) -> dict[str, bytes]:
    """The files of a shapefile, by their endings."""
    folder.mkdir()
    gdal(folder / "rows.shp", "ESRI Shapefile", shapes, columns, crs, encoding=encoding)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def zip_of(parts: Mapping[str, bytes], stem: str = "rows") -> bytes:
    """An archive of a shapefile's files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for ending, content in parts.items():
            archive.writestr(stem + ending, content)
    return packed.getvalue()


def _write_table(path: Path, ending: str, shapes: Sequence[Any], columns: Columns) -> None:
    places = {"lon": [shape.x for shape in shapes], "lat": [shape.y for shape in shapes]}
    rows = [list(row) for row in zip(*columns.values(), *places.values(), strict=True)]
    header = [*columns, *places]
    if ending == "xlsx":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("rows")
        for row in [header, *rows]:
            sheet.append(row)
        book.save(path)
        return
    separator = "\t" if ending == "tsv" else ","
    lines = [separator.join(str(value) for value in row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_geojson(path: Path, ending: str, shapes: Sequence[Any], columns: Columns, crs: str) -> None:
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(columns, values, strict=True)),
            "geometry": shapely.geometry.mapping(shape),
        }
        for shape, values in zip(shapes, zip(*columns.values(), strict=True), strict=True)
    ]
    if ending == "geojsonl":
        path.write_text("".join(json.dumps(feature) + "\n" for feature in features), encoding="utf-8")
        return
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs != "EPSG:4326":
        document["crs"] = {
            "type": "name",
            "properties": {"name": crs.replace("EPSG:", "urn:ogc:def:crs:EPSG::")},
        }
    path.write_text(json.dumps(document), encoding="utf-8")


def _write_parquet(path: Path, shapes: Sequence[Any], columns: Columns, crs: str) -> None:
    import pyproj  # noqa: PLC0415

    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": [], "crs": pyproj.CRS(crs).to_json_dict()}
        },
    }
    wkb = shapely.to_wkb(np.array(shapes, dtype=object)).tolist()
    table = pa.table(
        {**{name: list(values) for name, values in columns.items()}, "geometry": pa.array(wkb, pa.binary())}
    )
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
