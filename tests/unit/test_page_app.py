"""Requests against the whole application; the graph behind it is a table of answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.page_client import Client

from kgshare.page import assets, panels
from kgshare.page.app import STATIC, create
from kgshare.page.graphdb import DatabaseAway, Query, Rows, TooLong
from kgshare.page.panels import Endpoint, Missing, Panel, Parameter
from kgshare.page.settings import OWN_HOSTS, Project, Settings, SettingsError

RECORD = "/api/v1/record?label=Plant&key=1&key=a"


class Table:
    """A graph as a table: the query's beginning → its rows or its failure; anything else fails loudly."""

    def __init__(self, answers: Mapping[str, Rows | Exception], status: str = "ok") -> None:
        self.answers, self._status = answers, status
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def query(self) -> Query:
        async def ask(cypher: str, /, **parameters: Any) -> Rows:
            self.asked.append((cypher, parameters))
            answer = next(a for beginning, a in self.answers.items() if cypher.startswith(beginning))
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask

    async def status(self) -> str:
        return self._status

    async def close(self) -> None:
        pass


async def _echo(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    if given["of"] == "nothing":
        raise Missing("there is no nothing")
    return dict(given)


def _client(
    graph: Table | None = None,
    *,
    folder: Path | None = None,
    plugged: bool = False,
    assets: Path | None = None,
) -> Client:
    project = Project(name="herbarium", open="/?view=leaf", nodes={"Plant": ("id", "sheet")}, assets=assets)
    endpoint = Endpoint(
        path="echo",
        summary="Echo.",
        handler=_echo,
        parameters=(
            Parameter(name="of", description="What.", required=True),
            Parameter(name="many", description="How many.", default="3", minimum=1, maximum=9),
        ),
    )
    panel = Panel(
        name="leaf",
        title="Leaf",
        static=folder or STATIC,
        module="leaf.js",
        view="leaf",
        view_title="Leaf",
        endpoints=(endpoint,),
    )
    settings = Settings(project=project, hosts=OWN_HOSTS)
    app = create(settings, (panel,) if plugged else (), graph or Table({}))
    return Client(app)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("key=1&key=a", "label is missing"),
        ("label=Plant", "key is missing"),
        ("label=Plant&key=", "key is missing"),
        ("label=Plant&label=Plant&key=1&key=a", "label is given 2 times"),
        ("label=Plant&key=1&key=a&depth=1", "unknown parameter depth"),
        ("label=Plant&key=1", "key is needed 2 times: id, sheet"),
        (f"label=Plant&key=1&key={'x' * 501}", "too long"),
        ("label=Plant&key=1&key=%00", "not text"),
    ],
)
def test_a_bad_parameter_is_answered_with_400_and_its_name(query: str, says: str) -> None:
    graph = Table({})
    answer = _client(graph).get(f"/api/v1/record?{query}")
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert graph.asked == []


@pytest.mark.parametrize("value", ["0", "4", "-1", "1.0", "one", "", "１", "99999999999999999999"])
def test_a_number_out_of_bounds_is_refused_before_the_database_is_asked(value: str) -> None:
    graph = Table({})
    answer = _client(graph).get("/api/v1/graph", params={"label": "Plant", "key": ["1", "a"], "depth": value})
    assert answer.status_code == 400
    assert graph.asked == []


def test_all_that_is_wrong_with_a_request_is_said_at_once() -> None:
    message = _client().get("/api/v1/neighbours?direction=up&limit=x").json()["error"]["message"]
    for part in (
        "label is missing",
        "key is missing",
        "type is missing",
        "direction must be",
        "limit must be",
    ):
        assert part in message


def test_a_label_that_is_not_declared_is_unknown() -> None:
    answer = _client().get("/api/v1/record?label=Secret&key=1")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "missing")


def test_a_record_that_is_not_there_is_unknown() -> None:
    answer = _client(Table({"MATCH": []})).get(RECORD)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "there is no Plant 1 a"


def test_what_stands_in_the_address_reaches_the_database_as_parameters_only() -> None:
    graph = Table({"MATCH": []})
    _client(graph).get("/api/v1/record", params={"label": "Plant", "key": ["1", "') DETACH DELETE n //"]})
    (cypher, parameters) = graph.asked[0]
    assert "DELETE" not in cypher
    assert parameters["key1"] == ["') DETACH DELETE n //"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(DatabaseAway("the database does not answer"), "database"), (TooLong("stopped"), "time")],
)
def test_a_database_that_is_away_or_too_slow_is_503_with_a_readable_message(
    failure: Exception, kind: str
) -> None:
    answer = _client(Table({"MATCH": failure})).get(RECORD)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (503, kind)


def test_a_defect_is_500_in_json_without_its_details() -> None:
    answer = _client(Table({"MATCH": RuntimeError("secret words")})).get(RECORD)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (500, "defect")
    assert "secret" not in answer.text


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("starting", 503), ("database unreachable", 503)])
def test_health_is_the_databases(status: str, code: int) -> None:
    answer = _client(Table({}, status)).get("/health")
    assert (answer.status_code, answer.json()) == (code, {"status": status})


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io", "[::2]:8088"]
)
def test_a_request_under_a_foreign_name_is_refused(host: str) -> None:
    for path in ("/", "/health", "/api/v1/about", "/static/main.js"):
        assert _client().get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:18088", "[::1]:8088", "LOCALHOST:1", "application:8088"]
)
def test_a_request_under_an_own_name_is_answered(host: str) -> None:
    assert _client().get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/?view=leaf", "/static/main.js", "/api/v1/record", "/health", "/nowhere"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    headers = _client().get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_the_markup_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    markup = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", markup)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_route_changes_anything(method: str) -> None:
    client = _client(plugged=True)
    for path in ("/", "/health", "/api/v1/record", "/api/v1/panels/leaf/echo"):
        assert client.request(method, path).status_code == 405


def test_the_bare_address_leads_to_where_the_project_opens() -> None:
    answer = _client().get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/?view=leaf")
    assert "<!doctype html>" in _client().get("/?view=leaf").text


def test_every_route_is_in_the_openapi_document_and_the_other_way_round() -> None:
    client = _client(plugged=True)
    document = client.get("/api/v1/openapi.json").json()
    app: Any = client.app
    served = {route.path for route in app.routes if route.path.startswith("/api/") or route.path == "/health"}
    assert set(document["paths"]) == served
    assert "/api/v1/panels/leaf/echo" in served
    operations = [path["get"]["operationId"] for path in document["paths"].values()]
    assert len(set(operations)) == len(operations)
    limits = {p["name"]: p["schema"] for p in document["paths"]["/api/v1/graph"]["get"]["parameters"]}
    assert limits["depth"] == {"type": "integer", "minimum": 1, "maximum": 3, "default": 1}


def test_a_panels_route_gets_checked_parameters_with_defaults() -> None:
    client = _client(plugged=True)
    assert client.get("/api/v1/panels/leaf/echo?of=oak").json() == {"of": "oak", "many": "3"}
    assert client.get("/api/v1/panels/leaf/echo?of=nothing").status_code == 404
    assert client.get("/api/v1/panels/leaf/echo?of=oak&many=10").status_code == 400


def test_panels_of_one_folder_share_its_address(tmp_path: Path) -> None:
    (tmp_path / "leaf.js").write_text("export {}", encoding="utf-8")
    client = _client(folder=tmp_path, plugged=True)
    (panel,) = client.get("/page.json").json()["panels"]
    assert panel["module"] == "/panels/leaf/leaf.js"
    assert client.get(panel["module"]).status_code == 200
    assert client.get("/panels/leaf/../secret").status_code == 404


def test_only_listed_files_of_a_package_are_served(tmp_path: Path) -> None:
    (wanted,) = assets.ASSETS[0].files[:1]
    package = tmp_path / assets.ASSETS[0].name
    (package / wanted).parent.mkdir(parents=True)
    (package / wanted).write_text("export default 1", encoding="utf-8")
    (package / "package.json").write_text("{}", encoding="utf-8")
    client = _client(assets=tmp_path)
    answer = client.get(f"/assets/{package.name}/{wanted}")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/javascript")
    assert client.get(f"/assets/{package.name}/package.json").status_code == 404
    assert client.get(f"/assets/{package.name}/%2e%2e/{package.name}/package.json").status_code == 404


def test_a_module_without_panels_is_refused_by_name() -> None:
    assert panels.load("") == ()
    for module in ("kgshare.page.values", "no.such.module"):
        with pytest.raises(SettingsError, match=re.escape(module)):
            panels.load(module)


def test_the_page_imports_nothing_else_of_kgshare() -> None:
    folder = STATIC.parent
    for file in folder.glob("*.py"):
        for line in re.findall(r"^\s*(?:from|import) kgshare\S*.*$", file.read_text(encoding="utf-8"), re.M):
            assert "kgshare.page" in line, (file.name, line)


def test_the_ocean_plugs_in_without_the_rest_of_the_ocean_package() -> None:
    from oceangraph import panels as ocean

    assert {p.name for p in panels.load("oceangraph.panels")} == {"section", "profile", "map"}
    text = Path(str(ocean.__file__)).read_text(encoding="utf-8")
    assert not re.search(r"^(?:from|import) (?:oceangraph|pandas|kgshare\.(?!page))", text, re.M)
    for panel in ocean.PANELS:
        assert (panel.static / panel.module).is_file()
        assert all(a in ocean.ASSETS for a in panel.assets)
