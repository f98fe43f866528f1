#!/usr/bin/env python3
"""Damaged uploads in numbers: none may be answered with 5xx, none may change what is stored.

``python3 scripts/fuzz_uploads.py 10000`` sends so many through the whole service and does every job that comes of them.
"""

import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fastapi.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.main import create_app  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.jobs.conftest import Office, open_office  # noqa: E402
from tests.support.damage import damaged  # noqa: E402
from tests.support.small_town import csv_file, town  # noqa: E402

KINDS = ("osm", "households", "facilities", "zones")
CRS = ("", "gcj02", "EPSG:4490", "EPSG:999999", "bd09", "\u7a7a")
ZONE = b'{"type":"Polygon","coordinates":[[[118.7,32.0],[118.9,32.0],[118.9,32.1],[118.7,32.0]]]}'
DRY = b'"dry_run"\r\n\r\ntrue\r\n'


def require(holds: bool, what: object) -> None:  # noqa: FBT001 - as assert, which python -O would drop
    """Stop at what should never be."""
    if not holds:
        raise AssertionError(what)


def samples(folder: Path) -> dict[str, tuple[str, bytes]]:
    """A good file of each kind, to be damaged."""
    homes = [("a", (-100, 5), "3"), ("b", (50, 5), "4")]
    return {
        "osm": ("town.osm", town().write(folder / "town.osm").read_bytes()),
        "households": ("h.csv", csv_file(folder / "h.csv", "id,lon,lat,households", homes).read_bytes()),
        "facilities": (
            "f.csv",
            csv_file(folder / "f.csv", "id,lon,lat,service", [("p", (0, 5), "clinic")]).read_bytes(),
        ),
        "zones": ("zones.geojson", ZONE),
    }


def damage(content: bytes, chance: random.Random) -> bytes:
    """The same with one to six edits."""
    return damaged(content, chance.randbytes(5 * chance.randint(1, 6)))


def form_of(name: str, content: bytes, kind: str, crs: str) -> bytes:
    """A form that keeps nothing even if its file is still good: a dry run, or a name that no area may have."""
    texts = {"name": "Not A Name"} if kind == "osm" else {"dry_run": "true", "crs": crs}
    field = "osm" if kind == "osm" else "file"
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in texts.items()]
    parts.append(f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n')
    return "".join(parts).encode() + content + b"\r\n--x--\r\n"


def fuzz(count: int) -> Counter[str]:
    """Send `count` damaged uploads; raises at the first that is not refused as it should be."""
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = samples(folder)
        office = open_office(folder / "data", f"sqlite:///{folder / 'data' / 'reach15.sqlite'}")
        office.submit_import(town().write(folder / "good.osm.pbf"), a=3, b=4)
        worker = office.worker()
        require(worker.run_next(), "the good import is done")
        before = versions(office)
        require(bool(before), "there is an area to change")
        with TestClient(
            create_app(Settings(data_dir=folder / "data")), raise_server_exceptions=False
        ) as client:

            def send(seed: int) -> None:
                chance = random.Random(seed)  # noqa: S311 - no cryptography
                kind, crs = chance.choice(KINDS), chance.choice(CRS)
                breaks_form = chance.random() < 0.5
                file, content = files[kind]
                form = form_of(file, damage(content, chance), kind, crs)
                if breaks_form:
                    form = damage(form, chance)
                    if kind != "osm" and DRY not in form:
                        form = form[:40]  # never by accident a change that is allowed
                response = client.post(
                    "/v1/areas" if kind == "osm" else f"/v1/areas/town/{kind}",
                    content=form,
                    headers={"Content-Type": "multipart/form-data; boundary=x"},
                )
                seen[str(response.status_code)] += 1
                require(response.status_code < 500, (seed, kind, response.text))
                if response.status_code == 202:
                    worker.run_next()
                    job = office.jobs.get(response.json()["id"])
                    seen[f"job {job.status.value}"] += 1
                    require(job.status.is_end, (seed, kind, job))
                    require(job.problem is None or job.problem["status"] < 500, (seed, kind, job.problem))

            for seed in range(count):
                send(seed)
            require(versions(office) == before, "nothing that is stored has changed")
            kept = [path for path in (folder / "data" / "jobs").rglob("*") if path.is_file()]
            left = [
                path for path in kept if path.name != ".receiving" and not path.match("out/rejected-*.csv")
            ]
            require(left == [], f"uploads are left: {left}")
    return seen


def versions(office: Office) -> dict[str, str]:
    """Current key of each area: every change makes another."""
    return {area.id: office.areas.current_version(area.id) for area in office.areas.list_areas()}


if __name__ == "__main__":
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it tells of every damaged form
    begin = time.perf_counter()
    outcome = fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    print(sum(outcome[key] for key in outcome if key.isdigit()), dict(sorted(outcome.items())))
    print(f"{time.perf_counter() - begin:.0f} s")
