"""Who may read and who may write: sessions, tokens against forged requests, the access token."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.page_client import Client, session
from tests.unit.test_page_app import Table

from kgshare.page.app import create
from kgshare.page.readonly import not_reading
from kgshare.page.settings import OWN_HOSTS, Project, Settings, SettingsError, read_settings

TOKEN = "a-token-of-some-length"
QUERY = "/api/v1/query"
ASKED = {"cypher": "RETURN 1 AS one"}


def _client(token: str = "") -> Client:
    project = Project(name="herbarium", nodes={"Plant": ("id",)})
    graph = Table({"RETURN 1": [{"one": 1}]})
    return Client(create(Settings(project=project, hosts=OWN_HOSTS, token=token), (), graph))


def _kind(answer: Any) -> str:
    kind: str = answer.json()["error"]["kind"]
    return kind


def test_a_browser_gets_a_session_that_no_script_and_no_other_site_can_use() -> None:
    cookie = _client().get("/?view=browse").headers["set-cookie"]
    assert cookie.startswith("kgshare-8088=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")


def test_two_stacks_on_one_machine_have_cookies_of_their_own() -> None:
    cookie = _client().get("/page.json", headers={"host": "127.0.0.1:18088"}).headers["set-cookie"]
    assert cookie.startswith("kgshare-18088=")


def test_the_pages_own_script_may_send() -> None:
    answer = _client().post(QUERY, ASKED)
    assert (answer.status_code, answer.json()["rows"]) == (200, [[{"type": "int", "value": 1}]])


def test_a_request_without_the_sessions_token_is_refused() -> None:
    client = _client()
    mine = session(client)
    without = {"content-type": "application/json", "cookie": mine["cookie"]}
    for headers in (
        without,
        {**without, "x-kgshare-csrf": "0" * 64},
        {"content-type": "application/json", "x-kgshare-csrf": mine["x-kgshare-csrf"]},
        {**without, "x-kgshare-csrf": session(client)["x-kgshare-csrf"]},  # another session's
    ):
        answer = client.request("POST", QUERY, headers=headers, body=ASKED)
        assert (answer.status_code, _kind(answer)) == (403, "session")


def test_a_cookie_that_was_not_given_by_this_page_is_worth_nothing() -> None:
    client, before = _client(), _client()
    answer = client.request(
        "POST", QUERY, headers={"content-type": "application/json", **session(before)}, body=ASKED
    )
    assert (answer.status_code, _kind(answer)) == (403, "session")


def test_a_request_from_another_origin_is_refused_whatever_it_carries() -> None:
    for origin in ("http://evil.example", "null", "http://localhost:9999"):
        answer = _client().post(QUERY, ASKED, headers={"origin": origin})
        assert (answer.status_code, _kind(answer)) == (403, "origin")
    assert _client().post(QUERY, ASKED, headers={"origin": "http://localhost:8088"}).status_code == 200


def test_a_form_of_another_site_cannot_be_json() -> None:
    answer = _client().post(QUERY, ASKED, headers={"content-type": "text/plain"})
    assert (answer.status_code, _kind(answer)) == (400, "parameter")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "MATCH",
        {"cypher": 7},
        {"cypher": "RETURN 1", "more": 1},
        {},
        {"cypher": "x" * 20_001},
        {"cypher": " ;"},
    ],
)
def test_a_body_that_is_not_as_it_must_be_is_said(body: Any) -> None:
    answer = _client().post(QUERY, body)
    assert (answer.status_code, _kind(answer)) == (400, "parameter")


def test_a_stranger_sees_nothing_without_the_access_token() -> None:
    client = _client(TOKEN)
    for path in (
        "/page.json",
        "/api/v1/about",
        "/api/v1/openapi.json",
        "/assets/x",
        f"/api/v1/about?token={TOKEN}",
    ):
        answer = client.get(path)
        assert (answer.status_code, _kind(answer)) == (401, "token")
    door = client.get("/?token=wrong-wrong-wrong-wrong")
    assert door.status_code == 401
    assert "Access token" in door.text
    assert client.get("/health").status_code == 200
    assert client.get("/static/page.css").status_code == 200


def test_the_access_token_opens_the_page_and_leaves_the_address() -> None:
    client = _client(TOKEN)
    answer = client.get(f"/?view=browse&token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?view=browse")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert client.get("/page.json", headers={"cookie": cookie}).status_code == 200


def test_a_program_shows_the_access_token_in_a_header() -> None:
    client = _client(TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    assert client.request("POST", QUERY, headers=headers, body=ASKED).status_code == 200
    assert (
        client.request(
            "POST", QUERY, headers={**headers, "authorization": "Bearer no"}, body=ASKED
        ).status_code
        == 401
    )


@pytest.fixture
def page_file(tmp_path: Path) -> str:
    (tmp_path / "page.json").write_text('{"name": "herbarium"}')
    return str(tmp_path / "page.json")


def test_an_access_token_is_asked_for_unless_only_this_machine_reaches_the_page(page_file: str) -> None:
    def token(**said: str) -> str:
        return read_settings({"KGSHARE_PAGE_FILE": page_file, **said}).token

    assert token(KGSHARE_PAGE_HOST="127.0.0.1") == token(KGSHARE_PAGE_HOST="::1") == ""
    assert token(KGSHARE_PAGE_HOST="0.0.0.0", KGSHARE_PAGE_PUBLISHED="loopback") == ""
    made = {token(), token(KGSHARE_PAGE_HOST="192.0.2.7"), token(KGSHARE_PAGE_PUBLISHED="yes")}
    assert len(made) == 3
    assert all(len(one) >= 32 for one in made)


def test_an_access_token_comes_from_a_file_and_is_no_short_word(page_file: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    environment = {"KGSHARE_PAGE_FILE": page_file, "KGSHARE_PAGE_TOKEN_FILE": str(tmp_path / "token")}
    assert read_settings({**environment, "KGSHARE_PAGE_HOST": "127.0.0.1"}).token == TOKEN
    (tmp_path / "token").write_text("secret")
    with pytest.raises(SettingsError, match="16 characters"):
        read_settings(environment)


def test_what_up_says_of_the_bundle_is_read_or_the_page_does_not_start(page_file: str) -> None:
    said = base64.b64encode(json.dumps({"digest": "sha256:0"}).encode()).decode()
    environment = {"KGSHARE_PAGE_FILE": page_file}
    assert read_settings({**environment, "KGSHARE_ABOUT": said}).about == {"digest": "sha256:0"}
    assert read_settings(environment).about == {}
    with pytest.raises(SettingsError, match="KGSHARE_ABOUT"):
        read_settings({**environment, "KGSHARE_ABOUT": "{"})


@pytest.mark.parametrize(
    ("query_type", "operator", "details", "said"),
    [
        ("r", "LoadCSV@neo4j", "r", "LOAD CSV"),
        ("r", "ProcedureCall@neo4j", "apoc.load.json($url) :: (value :: MAP)", "apoc.load.json"),
        ("s", "ProcedureCall@neo4j", "dbms.listConfig() :: (name :: STRING)", "dbms.listConfig"),
        ("r", "TerminateTransactions@neo4j", "all", "stopped"),
        ("r", "ShowTransactions@neo4j", "all", "not shown"),
        ("w", "Delete@neo4j", "n", "propose"),
        ("rw", "Create@neo4j", "n", "propose"),
        ("w", "ProcedureCall@neo4j", "db.createLabel($x) :: ()", "db.createLabel"),
        ("s", "CreateIndex@neo4j", "", "server"),
        ("", "AllNodesScan@neo4j", "n", "propose"),
    ],
)
def test_a_plan_that_does_more_than_read_the_graph_is_refused(
    query_type: str, operator: str, details: str, said: str
) -> None:
    deep = {"operatorType": operator, "args": {"Details": details}, "children": []}
    plan = {
        "operatorType": "ProduceResults@neo4j",
        "args": {},
        "children": [{"operatorType": "Apply", "children": [deep]}],
    }
    assert said in not_reading(query_type, plan)


@pytest.mark.parametrize(
    ("operator", "details"),
    [
        ("NodeByLabelScan@neo4j", "n:Ship"),
        ("ProcedureCall@neo4j", "db.labels() :: (label :: STRING)"),
        ("ProcedureCall@neo4j", "db.index.fulltext.queryNodes($a, $b) :: (node :: NODE, score :: FLOAT)"),
        ("ShowIndexes@neo4j", "allIndexes"),
    ],
)
def test_a_plan_that_reads_the_graph_is_not_refused(operator: str, details: str) -> None:
    assert not not_reading("r", {"operatorType": operator, "args": {"Details": details}, "children": []})
