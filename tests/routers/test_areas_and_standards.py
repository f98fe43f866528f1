from fastapi.testclient import TestClient

from app.services.area_engine import AreaEngine
from app.services.standards import list_standards
from tests.support.http import STANDARD, get_ok, get_problem


def test_areas_are_listed(client: TestClient, demo_engine: AreaEngine) -> None:
    answer = get_ok(client, "/v1/areas")
    assert answer["attribution"] == "© OpenStreetMap contributors"
    (area,) = answer["areas"]
    assert area["id"] == "helsinki"
    assert area["title"] == "Helsinki"
    assert area["version"] == demo_engine.area.version
    assert area["counts"]["households_points"] == demo_engine.area.households.count > 0
    assert area["extent"] == list(demo_engine.area.extent.polygon.bounds)


def test_an_area_tells_what_its_import_kept(client: TestClient, demo_engine: AreaEngine) -> None:
    (summary,) = get_ok(client, "/v1/areas")["areas"]
    area = get_ok(client, "/v1/areas/helsinki")
    assert {name: area[name] for name in summary} == summary
    assert area["import"]["source"] == "Helsinki.osm.pbf"
    assert area["import"]["counts"]["households"]["kept"] == demo_engine.area.households.count
    assert area["provenance"]["data_hash"] == demo_engine.area.data_hash
    assert area["provenance"]["attribution"] == "© OpenStreetMap contributors"


def test_an_unknown_area_is_a_problem_everywhere(client: TestClient) -> None:
    for rest in ("", "/coverage", "/households", "/households/way/1", "/facilities"):
        parameters = {"standard": STANDARD} if rest else {}
        problem = get_problem(client, f"/v1/areas/atlantis{rest}", 404, "area-not-found", **parameters)
        assert problem["area_id"] == "atlantis"
        assert "helsinki" in problem["detail"]


def test_no_name_leads_out_of_the_data_directory(client: TestClient) -> None:
    for name in ("..", "%2e%2e", "..%2f..", "%00", "helsinki%2f..", "Helsinki", "%ff", "京"):
        response = client.get(f"/v1/areas/{name}/facilities")
        assert response.status_code == 404, name
        assert response.headers["content-type"] == "application/problem+json"


def test_standards_are_listed(client: TestClient) -> None:
    standards = get_ok(client, "/v1/standards")["standards"]
    assert [standard["id"] for standard in standards] == [standard.id for standard in list_standards()]
    assert STANDARD in {standard["id"] for standard in standards}
    for standard in standards:
        assert standard["title"]["zh"]
        assert standard["title"]["en"]


def test_a_standard_tells_its_services(client: TestClient) -> None:
    for summary in get_ok(client, "/v1/standards")["standards"]:
        standard = get_ok(client, f"/v1/standards/{summary['id']}")
        assert standard["id"] == summary["id"]
        assert standard["version"] == summary["version"]
        assert standard["title"] == summary["title"]
        assert len(standard["services"]) == summary["services"] > 0


def test_an_unknown_standard_is_a_problem(client: TestClient) -> None:
    problem = get_problem(client, "/v1/standards/none-such", 404, "standard-not-found")
    assert problem["standard_id"] == "none-such"
    assert STANDARD in problem["detail"]


def test_a_path_on_the_server_is_no_standard(client: TestClient) -> None:
    coverage = "/v1/areas/helsinki/coverage"
    for path in ("/etc/passwd", "../standards/cn-mofcom-5-8-15.yaml", "cn-mofcom-5-8-15.yaml"):
        get_problem(client, coverage, 404, "standard-not-found", standard=path)
