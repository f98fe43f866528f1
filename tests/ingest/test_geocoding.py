"""Places by name: their outline, or why there is none."""

from typing import Any

import pytest

from app.domain.errors import BadInputError, DownloadError
from app.ingest.geocoding import geocode_place
from tests.support.overpass_stand_in import (
    SILENCE,
    Answer,
    StandIn,
    assert_one_line,
    closed_port_url,
)
from tests.support.processes import PATIENCE_S


class TestPlace:
    def geocode(self, stand_in: StandIn, text: str, timeout_s: float = PATIENCE_S) -> Any:
        return geocode_place(text, nominatim_url=stand_in.nominatim_url, timeout_s=timeout_s)

    def test_outline(self, stand_in: StandIn) -> None:
        stand_in.places["南京市玄武区"] = stand_in.places["Helsinki"]
        for text in ("Helsinki", "南京市玄武区"):
            assert self.geocode(stand_in, text).bounds == pytest.approx(stand_in.extract.box, abs=1e-12)
        assert stand_in.requests[1][2]["q"] == "南京市玄武区"

    def test_an_outline_that_crosses_itself_is_mended(self, stand_in: StandIn) -> None:
        ring = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]
        stand_in.places["Bow tie"] = {"type": "Polygon", "coordinates": [ring]}
        outline = self.geocode(stand_in, "Bow tie")
        assert outline.is_valid
        assert outline.geom_type == "MultiPolygon"
        assert outline.area == pytest.approx(2)

    def test_unknown(self, stand_in: StandIn) -> None:
        with pytest.raises(BadInputError, match=r"--place 'Atlantis': .*no such place.*--bbox"):
            self.geocode(stand_in, "Atlantis")

    def test_only_a_point(self, stand_in: StandIn) -> None:
        with pytest.raises(BadInputError, match=r"--place 'Market Square': .*without an outline.*--bbox"):
            self.geocode(stand_in, "Market Square")

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (Answer.web_page(429), "HTTP 429"),
            (Answer.web_page(403), "HTTP 403"),
            (Answer.web_page(), "web page instead of data"),
            (Answer(body=b'[{"importance": 0.5, '), "not whole JSON"),
            (Answer.of_json({"error": "no"}), "is this a Nominatim server"),
            (Answer.of_json([{"geojson": {"type": "Polygon", "coordinates": []}}]), "cannot be read"),
            (Answer(body=b"[]", declared_length=100), "broke off"),
            (SILENCE, "no answer within"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_failing_server(self, stand_in: StandIn, answer: Answer, message: str) -> None:
        stand_in.prepared.append(answer)
        with pytest.raises(DownloadError, match=message) as caught:
            self.geocode(stand_in, "Helsinki", timeout_s=0.2 if answer.silent else PATIENCE_S)
        assert_one_line(caught.value, stand_in.nominatim_url)
        assert len(stand_in.requests) == 1

    def test_nobody_listens(self, stand_in: StandIn) -> None:
        with pytest.raises(DownloadError, match=r"cannot be reached \(Connection refused\)"):
            geocode_place("Helsinki", nominatim_url=closed_port_url(), timeout_s=PATIENCE_S)
