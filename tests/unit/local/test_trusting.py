"""Where trust is kept, and the commands for it: nothing here is run."""

from pathlib import Path

from evenly.local.trusting.commands import Mark, install, look, remove
from evenly.local.trusting.stores import Group, Kind, Store, find_stores

MARK = Mark(Path("/p/ca.pem"), "Evenly authority of shop (0a1b2c3d)", "AB" * 32, "CD" * 20)


def kinds(stores: tuple[Store, ...]) -> list[Kind]:
    return [it.kind for it in stores]


def test_debian_has_the_system_s_store_and_chromium_s(tmp_path: Path) -> None:
    found = find_stores(
        tmp_path, "linux", lambda name: name in ("update-ca-certificates", "certutil"), tmp_path
    )
    assert kinds(found) == [Kind.DEBIAN, Kind.NSS]
    assert [it.group for it in found] == [Group.SYSTEM, Group.BROWSERS]
    assert found[1].folder == tmp_path / ".pki" / "nssdb"
    assert not any(it.missing for it in found)


def test_fedora_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "etc/pki/ca-trust/source/anchors").mkdir(parents=True)
    assert (
        kinds(find_stores(tmp_path, "linux", lambda name: name == "update-ca-trust", tmp_path))[0]
        is Kind.FEDORA
    )


def test_every_firefox_profile_is_found_also_in_a_sandbox(tmp_path: Path) -> None:
    for place in (".mozilla/firefox/one.default", "snap/firefox/common/.mozilla/firefox/two"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "cert9.db").touch()
    (tmp_path / ".mozilla/firefox/no-database").mkdir()
    found = find_stores(tmp_path, "linux", lambda _: True, tmp_path / "nowhere")
    assert [it.what for it in found if "Firefox" in it.what] == [
        "Firefox, profile one.default",
        "Firefox, profile two",
    ]


def test_what_is_missing_is_said_with_how_to_get_it(tmp_path: Path) -> None:
    (store,) = find_stores(tmp_path, "linux", lambda _: False, tmp_path)
    assert store.missing is not None
    assert "apt install libnss3-tools" in store.missing


def test_macos_has_the_keychain(tmp_path: Path) -> None:
    store = find_stores(tmp_path, "darwin", lambda _: True)[0]
    (argv,) = install(store, MARK, new_database=False)
    assert argv[:4] == ("security", "add-trusted-cert", "-r", "trustRoot")
    assert remove(store, MARK)[0][:5] == ("security", "delete-certificate", "-t", "-Z", "CD" * 20)


def test_a_system_store_gets_a_file_of_our_own_name_and_loses_it_again() -> None:
    store = Store(Kind.DEBIAN, "the system's store", Path("/usr/local/share/ca-certificates"))
    file = "/usr/local/share/ca-certificates/evenly-abababababababab.crt"
    assert install(store, MARK, new_database=False) == (
        ("install", "-m", "644", "/p/ca.pem", file),
        ("update-ca-certificates",),
    )
    assert remove(store, MARK) == (("rm", "-f", file), ("update-ca-certificates", "--fresh"))
    assert look(store, MARK) is None


def test_an_nss_store_is_made_when_there_is_none() -> None:
    store = Store(Kind.NSS, "Chromium", Path("/h/.pki/nssdb"))
    make, new, add = install(store, MARK, new_database=True)
    assert make == ("mkdir", "-p", "/h/.pki/nssdb")
    assert new[:2] == ("certutil", "-N")
    assert add == (
        *("certutil", "-A", "-d", "sql:/h/.pki/nssdb", "-n", MARK.name),
        *("-t", "C,,", "-i", "/p/ca.pem"),
    )
    assert install(store, MARK, new_database=False) == (add,)
