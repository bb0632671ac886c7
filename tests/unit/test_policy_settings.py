"""``policy.yaml``: read strictly, with every mistake by line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kgshare.errors import ManifestError
from kgshare.policy.settings import DEFAULT, parse_settings, settings_of

HEAD = "policy: 1\n"
WAIVER = "waivers:\n  - id: CVE-1\n    statement: it is not reached\n    expires: 2027-01-01\n"


def refused(text: str) -> list[str]:
    with pytest.raises(ManifestError) as error:
        parse_settings(text.encode(), "policy.yaml")
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "policy.yaml:1: `the policy`: Input should be a valid dictionary"),
        ("policy: 2\n", "policy.yaml:1: `policy`: Input should be 1"),
        ("a: [\n", "policy.yaml:2: not YAML: "),
        (HEAD + "polices: {}\n", "policy.yaml:2: unknown key `polices`\n  → see docs/reference/policy.md"),
        (HEAD + "checks:\n  no-shels: {}\n", "policy.yaml:3: unknown check `no-shels`\n  → did you mean `no-shell`?"),
        (HEAD + "checks:\n  frobnicate: {}\n", "policy.yaml:3: unknown check `frobnicate`\n  → the checks are fixable-critical, "),
        (HEAD + "checks:\n  no-shell: {off: true}\n", "policy.yaml:3: the check `no-shell` has nothing to set\n  → accept what"),
        (HEAD + "checks:\n  size: {megabyte: 3}\n", "policy.yaml:3: unknown key `checks.size.megabyte`"),
        (HEAD + "checks:\n  size:\n    megabytes: big\n", "policy.yaml:4: `checks.size.megabytes`: Input should be a valid integer"),
        (HEAD + "checks:\n  base-age: {days: -1}\n", "policy.yaml:3: `checks.base-age.days`: Input should be greater than"),
        (HEAD + WAIVER.replace("2027-01-01", "soon"), "policy.yaml:5: `waivers[0].expires`: Input should be a valid date"),
        (HEAD + WAIVER.replace("    expires: 2027-01-01\n", ""), "policy.yaml:3: `waivers[0].expires` is missing"),
        (HEAD + WAIVER.replace("it is not reached", "short"), "policy.yaml:4: `waivers[0].statement`: String should have at least 10"),
        (HEAD + WAIVER + WAIVER.partition("\n")[2], "policy.yaml:6: `CVE-1` is waived twice"),
        pytest.param("[" * 9_999, "policy.yaml: not YAML: it is nested too deeply", id="deep"),
        (HEAD + HEAD, "policy.yaml:2: `policy` stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text: str, said: str) -> None:
    [problem] = refused(text)
    assert problem.startswith(said), problem


def test_every_mistake_is_told_at_once() -> None:
    assert len(refused(HEAD + "checks: {size: {megabytes: 0}, nothing: {}}\nwaivers: [{id: x}]\n")) == 4


def test_a_waiver_holds_on_its_last_day_and_not_on_the_next() -> None:
    settings = parse_settings((HEAD + WAIVER).encode(), "policy.yaml")
    assert settings.waived(date(2027, 1, 1)) == {"CVE-1"}
    assert settings.waived(date(2027, 1, 2)) == frozenset()


def test_a_folder_without_one_has_the_default_and_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    assert settings_of(tmp_path) == settings_of(None) == DEFAULT
    (tmp_path / "policy.yaml").write_text(HEAD + WAIVER)
    assert settings_of(tmp_path).waivers[0].id == "CVE-1"
    institute = tmp_path / "institute.yaml"
    with pytest.raises(ManifestError, match=r"institute.yaml: the policy cannot be read: No such file"):
        settings_of(tmp_path, institute)
    institute.write_text(HEAD + "checks: {scanned: {required: true}}\n")
    assert settings_of(tmp_path, institute).checks.scanned.required
