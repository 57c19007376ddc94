"""Names of services, made from names of folders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest.names import is_host_name, is_name
from evenly.manifest.template import name_from_folder


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "shop"),
        ("My Shop", "my-shop"),
        ("shop_v2.1", "shop-v2-1"),
        ("2024-shop", "app-2024-shop"),
        ("Bücher", "bucher"),
        ("", "app"),
        ("...", "app"),
        ("世界", "app"),
        ("postgres", "app-postgres"),
        ("a" * 39 + "-b", "a" * 39),
    ],
)
def test_a_folder_gives_its_name_to_the_service(folder: str, name: str) -> None:
    assert name_from_folder(folder) == name


@given(st.text())
def test_every_folder_gives_a_valid_name(folder: str) -> None:
    assert is_name(name_from_folder(folder))


@given(st.from_regex(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", fullmatch=True).filter(is_name))
def test_a_good_name_stays_as_it_is(name: str) -> None:
    assert name_from_folder(name) == name


def test_a_host_name_has_labels_of_63_and_253_in_all() -> None:
    label = "a" * 63
    assert is_host_name(f"{label}.com")
    assert not is_host_name(f"{label}a.com")
    assert is_host_name(".".join([label, label, label, "a" * 61]))
    assert not is_host_name(".".join([label, label, label, "a" * 62]))
