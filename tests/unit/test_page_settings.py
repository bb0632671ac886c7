from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgshare.page.settings import SettingsError, read_project, read_settings


def _file(folder: Path, **more: object) -> Path:
    file = folder / "page.json"
    file.write_text(json.dumps({"name": "herbarium", **more}), encoding="utf-8")
    return file


def test_the_environment_becomes_settings(tmp_path: Path) -> None:
    file = _file(tmp_path, identity={"nodes": {"Plant": ["id", "sheet"]}}, open="/?view=x", assets="/srv/a")
    settings = read_settings(
        {
            "KGSHARE_PAGE_FILE": str(file),
            "KGSHARE_PAGE_PORT": "9001",
            "KGSHARE_PAGE_HOSTS": "Ship.local, lab",
            "NEO4J_PASSWORD_FILE": "/run/secrets/password",
        }
    )
    assert settings.port == 9001
    assert {"localhost", "127.0.0.1", "ship.local", "lab"} <= settings.hosts
    assert settings.uri == "bolt://database:7687"
    assert settings.project.nodes == {"Plant": ("id", "sheet")}
    assert settings.project.open == "/?view=x"


@pytest.mark.parametrize("port", ["", "0", "65536", "80a", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(SettingsError, match="KGSHARE_PAGE_PORT"):
        read_settings({"KGSHARE_PAGE_FILE": str(_file(tmp_path)), "KGSHARE_PAGE_PORT": port})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": "1"}', '{"name": "x", "identity": {"nodes": {"A": "id"}}}']
)
def test_a_page_file_that_is_not_as_it_must_be_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "page.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"page\.json"):
        read_project(file)


def test_a_missing_page_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.json"):
        read_project(tmp_path / "absent.json")


@pytest.mark.parametrize("away", ["//evil.example/", "https://evil.example/", "/\\evil.example", "relative"])
def test_where_the_page_opens_never_leads_away_from_it(tmp_path: Path, away: str) -> None:
    assert read_project(_file(tmp_path, open=away)).open == "/"
