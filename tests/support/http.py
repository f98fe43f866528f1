"""What many tests of the HTTP service check."""

from typing import Any

from fastapi.testclient import TestClient

STANDARD = "cn-mofcom-5-8-15"
PREFIX = "urn:reach15:problem:"


def get_ok(client: TestClient, path: str, media_type: str = "application/json", **parameters: Any) -> Any:
    """The body of a good answer."""
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == media_type
    return response.json()


def get_features(client: TestClient, path: str, **parameters: Any) -> Any:
    """A good answer in GeoJSON."""
    return get_ok(client, path, "application/geo+json", **parameters)


def get_problem(client: TestClient, path: str, status: int, name: str, **parameters: Any) -> Any:
    """The problem that is there instead of an answer."""
    return check_problem(client.get(path, params=parameters), status, name)


def check_problem(response: Any, status: int, name: str) -> Any:
    """The body of an answer that must be a problem of the right kind and shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == PREFIX + name, problem
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.request.url.raw_path.decode().split("?")[0]
    return problem


def all_pages(client: TestClient, path: str, **parameters: Any) -> list[Any]:
    """Every page, by following the ``next`` links."""
    response = client.get(path, params=parameters)
    pages = []
    while True:
        assert response.status_code == 200, response.text
        page = response.json()
        pages.append(page)
        assert page["numberReturned"] == len(page["features"])
        if not page["links"]:
            assert "link" not in response.headers
            return pages
        (link,) = page["links"]
        assert link["rel"] == "next"
        assert link["type"] == response.headers["content-type"] == "application/geo+json"
        assert response.headers["link"] == f'<{link["href"]}>; rel="next"; type="application/geo+json"'
        assert page["numberReturned"] == parameters.get("limit", 1000)
        response = client.get(link["href"])
