"""The policy as a user meets it: in a build, for a bundle that was handed over, and in what `up` prints."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works

pytestmark = pytest.mark.docker


def test_a_bundle_of_kgshare_s_own_images_is_green_and_what_is_not_known_is_said(herbarium: Path) -> None:
    report = works("policy", "check", herbarium, "--json").result
    assert report["green"]
    statuses = {result["check"]: result["status"] for result in report["results"]}
    assert {statuses[check] for check in ("non-root", "no-shell", "no-setuid", "bases-pinned", "size")} == {
        "passed"
    }
    assert "failed" not in statuses.values()


def test_a_stricter_policy_turns_it_red_with_an_exit_code_of_its_own_and_no_bundle_is_written(
    herbarium: Path,
) -> None:
    bundle = next(herbarium.glob("*.kgshare.tar"))
    before = bundle.stat().st_mtime_ns
    strict = herbarium / "policy.yaml"
    strict.write_text("policy: 1\nchecks: {size: {megabytes: 1}}\n")
    judged = kgshare("policy", "check", bundle, "--policy", strict)
    assert (judged.code, "✗ size" in judged.out) == (15, True)
    built = kgshare("build", herbarium, "--json")
    assert (built.code, [row["where"] for row in built.errors]) == (15, ["size"])
    assert bundle.stat().st_mtime_ns == before
    assert works("policy", "show", herbarium, "--json").result["settings"]["checks"]["size"] == {
        "megabytes": 1
    }


def test_a_mistake_in_the_policy_is_told_with_its_line(herbarium: Path) -> None:
    (herbarium / "policy.yaml").write_text("policy: 1\nchecks:\n  no-shels: {}\n")
    ran = kgshare("build", herbarium)
    assert ran.code == 3
    assert "policy.yaml:3: unknown check `no-shels`\n  → did you mean `no-shell`?" in ran.err


VULNERABLE = {
    "id": "TEST-2026-1",
    "modified": "2026-11-01T00:00:00Z",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "Maven", "name": "org.apache.logging.log4j:log4j-core"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}
STATEMENT = {
    "@context": "https://openvex.dev/ns/v0.2.0", "@id": "pkg:generic/herbarium#vex-1", "author": "A. Curator",
    "timestamp": "2026-11-02T00:00:00Z", "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "TEST-2026-1"},
            "products": [{"@id": "pkg:maven/org.apache.logging.log4j/log4j-core"}],
            "status": "not_affected", "justification": "component_not_present",
        }
    ],
}  # fmt: skip


def test_what_a_scanner_finds_stops_a_build_until_the_project_says_that_it_does_not_matter(
    herbarium: Path, osv_scanner: Path, tmp_path: Path
) -> None:
    file = tmp_path / "osv-scanner" / "Maven" / "all.zip"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("TEST-2026-1.json", json.dumps(VULNERABLE))
    environment = {
        "KGSHARE_SCANNER": "osv-scanner", "PATH": f"{osv_scanner.parent}{os.pathsep}{os.environ['PATH']}",
        "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(tmp_path),
    }  # fmt: skip
    [bundle] = herbarium.glob("*.kgshare.tar")
    bundle.unlink()
    ran = kgshare("build", herbarium, "--json", **environment)
    assert (ran.code, [row["where"] for row in ran.errors]) == (15, ["fixable-critical"])
    assert "TEST-2026-1  pkg:maven/org.apache.logging.log4j/log4j-core@" in ran.errors[0]["message"]
    assert not bundle.exists()

    (herbarium / "vex").mkdir()
    (herbarium / "vex" / "log4j.json").write_text(json.dumps(STATEMENT))
    works("build", herbarium, **environment)
    files = works("inspect", bundle, "--json").result["files"]
    assert {"evidence/scan.json", "evidence/vex.json", "evidence/policy.json"} <= set(files)
    report = works("policy", "check", bundle, "--json").result
    [finding] = report["facts"]["scan"]["findings"]
    assert (finding["severity"], finding["vex"]["document"]) == ("critical", "vex/log4j.json")
    assert report["facts"]["scan"]["status"] == "partly scanned"
