"""A user id without a name is refused in words, before initdb does it in its own."""

import os

import pytest

from evenly.errors import TargetError
from evenly.local.postgres.initialise import check_has_name


def test_a_user_with_a_name_may() -> None:
    check_has_name(os.geteuid())


def test_a_user_without_a_name_is_told_what_to_do() -> None:
    with pytest.raises(TargetError, match="user id 4294967290 has none") as caught:
        check_has_name(4294967290)
    assert "/etc/passwd" in (caught.value.try_ or "")
