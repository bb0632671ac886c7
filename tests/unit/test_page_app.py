"""Requests against the whole application; the graph behind it is a table of answers."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from neo4j.graph import Graph, Node
from tests.unit.page_client import Client, session

import kgshare
from kgshare.doors.process import run
from kgshare.images.context import PAGE_SOURCES
from kgshare.page import assets, panels
from kgshare.page.app import STATIC, create
from kgshare.page.graphdb import Ask, DatabaseAway, Query, QueryRefused, Rows, Run, TooLong
from kgshare.page.panels import Endpoint, Missing, Panel, Parameter
from kgshare.page.settings import OWN_HOSTS, Project, Settings, SettingsError
from kgshare.page.watch import State
from kgshare.questions import Answer, Question
from kgshare.questions import Parameter as Asked

QUESTION = Question(
    name="plants-of-a-year",
    question="Which plants were pressed in a year?",
    cypher="MATCH (p:Plant) WHERE p.year = $year RETURN p, p.year AS year",
    parameters=(
        Asked(
            name="year", type="int", default="1901", choices_cypher="MATCH (y:Year) RETURN DISTINCT y.year"
        ),
    ),
)
RECORD = "/api/v1/record?label=Plant&key=1&key=a"


class Table:
    """A graph as a table: the query's beginning → its rows or its failure; anything else fails loudly."""

    def __init__(self, answers: Mapping[str, Rows | Exception], status: str = "ok") -> None:
        self.answers, self._status = answers, status
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.told: State | None = None

    @property
    def query(self) -> Query:
        async def ask(cypher: str, /, **parameters: Any) -> Rows:
            self.asked.append((cypher, parameters))
            answer = next(a for beginning, a in self.answers.items() if cypher.startswith(beginning))
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask

    @property
    def ask(self) -> Ask:
        async def ask(cypher: str, parameters: Mapping[str, Any], /, *, rows: int) -> Answer:
            found = await self.query(cypher, **parameters)
            columns = tuple(found[0]) if found else ("n",)
            table = tuple(tuple(row.values()) for row in found)
            return Answer(columns=columns, rows=table[:rows], more=len(table) > rows)

        return ask

    @property
    def run(self) -> Run:
        async def run(cypher: str, /, *, rows: int) -> Answer:
            return await self.ask(cypher, {}, rows=rows)

        return run

    async def state(self) -> State | None:
        return self.told

    def since(self, state: State) -> Query:
        return self.query

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
    project = Project(
        name="herbarium",
        open="/?view=leaf",
        nodes={"Plant": ("id", "sheet")},
        questions=(QUESTION,),
        assets=assets,
    )
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
    markup = _client(plugged=True).get("/?view=leaf").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", markup)


def test_the_markup_names_every_module_and_each_is_served() -> None:
    client = _client(plugged=True)
    preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)">', client.get("/?view=leaf").text)
    assert len(preloaded) == len(set(preloaded))
    modules = {f"/static/{file.name}" for file in STATIC.glob("*.js")}
    assert modules - {"/static/start.js"} < set(preloaded)
    assert [client.get(path).status_code for path in preloaded] == [200] * len(preloaded)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_reads_is_asked_by_get_only(method: str) -> None:
    client = _client(plugged=True)
    mine = session(client)
    for path in ("/", "/health", "/api/v1/record", "/api/v1/panels/leaf/echo"):
        assert client.request(method, path, headers=mine).status_code == 405


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
    operations = [next(iter(path.values()))["operationId"] for path in document["paths"].values()]
    assert len(set(operations)) == len(operations)
    limits = {p["name"]: p["schema"] for p in document["paths"]["/api/v1/graph"]["get"]["parameters"]}
    assert limits["depth"] == {"type": "integer", "minimum": 1, "maximum": 3, "default": 1}


def test_a_panels_route_gets_checked_parameters_with_defaults() -> None:
    client = _client(plugged=True)
    assert client.get("/api/v1/panels/leaf/echo?of=oak").json() == {"of": "oak", "many": "3"}
    assert client.get("/api/v1/panels/leaf/echo?of=nothing").status_code == 404
    assert client.get("/api/v1/panels/leaf/echo?of=oak&many=10").status_code == 400


def test_a_question_is_listed_with_its_query_and_defaults() -> None:
    [question] = _client().get("/api/v1/questions").json()["questions"]
    assert (question["name"], question["question"], question["cypher"]) == (
        QUESTION.name,
        QUESTION.question,
        QUESTION.cypher,
    )
    assert question["parameters"] == [
        {"name": "year", "type": "int", "default": "1901", "description": "", "choices": [], "proposed": True}
    ]


def test_a_question_is_answered_with_the_default_or_what_was_given_as_the_parameters_type() -> None:
    plant = Node(Graph(), "1", 1, ["Plant"], {"id": "7", "sheet": "a", "name": "Fern"})
    graph = Table({"MATCH (p": [{"p": plant, "year": 1901}]})
    answer = _client(graph).get("/api/v1/questions/plants-of-a-year").json()
    assert answer["columns"] == ["p", "year"]
    record = {"label": "Plant", "key": ["7", "a"], "title": "Fern", "labels": ["Plant"]}
    assert answer["rows"] == [[{"type": "record", "value": record}, {"type": "int", "value": 1901}]]
    assert answer["more"] is False
    _client(graph).get("/api/v1/questions/plants-of-a-year?year=1902")
    assert [parameters for _, parameters in graph.asked] == [{"year": 1901}, {"year": 1902}]


@pytest.mark.parametrize(
    ("query", "says"), [("year=long", "year: 'long' is not a whole"), ("y=1", "unknown parameter y")]
)
def test_a_questions_bad_parameter_is_refused_before_the_graph_is_asked(query: str, says: str) -> None:
    graph = Table({})
    answer = _client(graph).get(f"/api/v1/questions/plants-of-a-year?{query}")
    assert (answer.status_code, graph.asked) == (400, [])
    assert says in answer.json()["error"]["message"]


def test_a_question_that_neo4j_refuses_is_answered_with_neo4js_reason() -> None:
    graph = Table({"MATCH (p": QueryRefused("Writing in read access mode not allowed.")})
    answer = _client(graph).get("/api/v1/questions/plants-of-a-year")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "question")
    assert "Writing in read access mode" in answer.json()["error"]["message"]


def test_more_rows_than_are_shown_are_said_to_be_there() -> None:
    graph = Table({"MATCH (p": [{"p": i, "year": i} for i in range(1001)]})
    answer = _client(graph).get("/api/v1/questions/plants-of-a-year").json()
    assert (len(answer["rows"]), answer["more"]) == (1000, True)


def test_the_graph_proposes_values_for_a_parameter() -> None:
    graph = Table({"MATCH (y": [{"y": 1901}, {"y": 1902}]})
    path = "/api/v1/question-choices?question=plants-of-a-year&parameter="
    assert _client(graph).get(path + "year").json() == {"choices": [1901, 1902]}
    assert _client(graph).get(path + "month").status_code == 404


def test_the_openapi_document_has_each_question_with_its_parameters() -> None:
    document = _client().get("/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/questions/plants-of-a-year"]["get"]
    assert operation["summary"] == QUESTION.question
    [year] = operation["parameters"]
    assert (year["name"], year["required"], year["schema"]["default"]) == ("year", False, "1901")


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


def test_the_image_holds_all_that_the_page_imports(tmp_path: Path) -> None:
    """With the sources that go into the image and nothing else of kgshare on the path, the application is made."""
    code = Path(kgshare.__file__).parent.parent
    for source in PAGE_SOURCES:
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (code / source).is_dir():
            shutil.copytree(code / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(code / source, target)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    start = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {packages!r}]; import kgshare.page.__main__ as m; print(m.__file__)"
    found = run([sys.executable, "-I", "-S", "-c", start])
    assert found.stdout.startswith(str(tmp_path))


def test_the_ocean_plugs_in_without_the_rest_of_the_ocean_package() -> None:
    from oceangraph import panels as ocean

    names = [p.name for p in panels.load("oceangraph.panels")]
    assert names == ["section", "compare", "profile", "map", "ts", "series"]
    folder = Path(str(ocean.__file__)).parent
    for file in (folder / "panels.py", *(folder / "views").glob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"^(?:from|import) (?:oceangraph\.(?!views)|pandas|gsw|kgshare\.(?!page))", text, re.M
        )
    for panel in ocean.PANELS:
        assert (panel.static / panel.module).is_file()
        assert all(a in ocean.ASSETS for a in panel.assets)
