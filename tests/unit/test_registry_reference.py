"""What a user may write for a bundle in a registry."""

from __future__ import annotations

import pytest

from kgshare.errors import UsageError
from kgshare.registry.reference import Reference, is_loopback, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("oci://r.example/anna/herbs", Reference(host="r.example", name="anna/herbs")),
        ("oci://localhost:5000/herbs:1.0", Reference(host="localhost:5000", name="herbs", tag="1.0")),
        ("oci://localhost/herbs", Reference(host="localhost", name="herbs")),
        ("oci://[::1]:5000/a.b/c_d:x", Reference(host="[::1]:5000", name="a.b/c_d", tag="x")),
        (f"oci://r.example/herbs@{DIGEST}", Reference(host="r.example", name="herbs", digest=DIGEST)),
        ("oci://registry:5000/herbs", Reference(host="registry:5000", name="herbs")),
    ],
)
def test_a_reference_names_registry_repository_and_tag_or_digest(text: str, wanted: Reference) -> None:
    assert parse(text) == wanted
    assert str(wanted) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("herbs.kgshare.tar", "does not begin with oci://"),
        ("https://r.example/herbs", "does not begin with oci://"),
        ("oci://herbs", "is not a name in a registry"),
        ("oci://anna/herbs", "the registry is named too, as in docker.io/anna/herbs"),
        ("oci://r.example/Herbs", "'Herbs' is not a name in a registry"),
        ("oci://r.example/../herbs", "is not a name in a registry"),
        ("oci://r.example//herbs", "is not a name in a registry"),
        ("oci://r.example/herbs:", "'' is not a tag"),
        ("oci://r.example/herbs:1.0/x", "'1.0/x' is not a tag"),
        ("oci://r.example/herbs@sha256:abc", "is not a digest"),
        ("oci://r.example:99999/herbs", "'r.example:99999' is not a host"),
        ("oci://anna:secret@r.example/herbs", "is not a host"),
        ("oci:///herbs", "'' is not a host"),
        ("oci://r.example/herbs?x=1", "is not a name in a registry"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_part_that_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match="the form is oci://") as refused:
        parse(text)
    assert reason in str(refused.value)


def test_only_this_machine_is_loopback() -> None:
    here = ("localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000")
    elsewhere = (
        "localhost.evil.example",
        "127.0.0.1.evil.example:5000",
        "10.0.0.1",
        "0.0.0.0",
        "[::2]",
        "registry:5000",
    )
    assert [is_loopback(host) for host in (*here, *elsewhere)] == [True] * len(here) + [False] * len(
        elsewhere
    )


def test_dockers_own_registry_answers_under_another_name_than_in_references() -> None:
    wanted = parse("oci://docker.io/anna/herbs")
    assert wanted.api_host.endswith(".docker.io")
    assert parse("oci://r.example/anna/herbs").api_host == "r.example"
