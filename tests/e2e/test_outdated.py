"""How far a lock is behind, where nothing can be asked: each ecosystem says so, and none is called current."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command_line import kgshare

from kgshare.errors import LockError

HERBARIUM = Path(__file__).parents[1] / "projects" / "herbarium"


def test_an_ecosystem_out_of_reach_is_said_and_not_taken_for_one_at_its_newest(tmp_path: Path) -> None:
    (tmp_path / "jgo.conf").write_text("[repositories]\ncentral = http://127.0.0.1:9\n")
    nowhere = {
        "PATH": str(tmp_path), "JGO_CONFIG_FILE": str(tmp_path / "jgo.conf"), "PIP_NO_INDEX": "1",
        "npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0", "KGSHARE_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    ran = kgshare("outdated", HERBARIUM, "--exit-code", "--json", **nowhere)
    assert ran.code == LockError.exit_code
    report = json.loads(ran.out)["result"]
    assert report["current"] is False
    problems = {row["name"]: row["problem"] for row in report["ecosystems"]}
    assert set(problems) == {
        "Debian trixie",
        "Maven",
        "Python",
    }  # its lock has neither npm packages nor base images
    assert "neither apt nor docker is here" in problems["Debian trixie"]
    assert problems["Maven"].startswith("no Maven repository in reach knows org.neo4j:neo4j")
    assert problems["Python"].startswith("there is no wheel of neo4j")
