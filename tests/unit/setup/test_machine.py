"""What the tests need beyond wheels is installed, or named in a sentence."""

import pytest


def absent(machine, found=lambda: False):
    return machine.Need("no-such-package", "a program", found)


def test_what_is_there_is_not_missing(machine):
    assert machine.missing((absent(machine, lambda: True), gone := absent(machine))) == (gone,)


def test_without_the_means_to_install_it_says_what_to_install(machine, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")  # no apt-get
    with pytest.raises(Exception, match=r"a program \(Debian: no-such-package\)") as caught:
        machine.prepare(pytest.fail, (absent(machine),))
    assert caught.value.try_.endswith("apt-get install no-such-package")


def test_every_need_of_the_tests_is_met_here(machine):
    assert machine.missing() == ()
