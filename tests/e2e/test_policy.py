"""The policy as a user meets it: in a build, for a bundle that was handed over, and in what `up` prints."""

from __future__ import annotations

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
    assert works("policy", "check", bundle).code == 0
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
