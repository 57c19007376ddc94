"""Where the server listens and whom it believes, as its environment says."""

from pathlib import Path

import pytest

from evenly.webapp.forwarding import Proxies
from evenly.webapp.server import listen_on
from evenly.webapp.settings import SettingsError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    found = {}
    for name in ("TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA"):
        (tmp_path / name).touch()
        found[name] = str(tmp_path / name)
    return found


def test_without_a_word_of_proxies_tls_is_mutual_or_not_at_all(files: dict[str, str]) -> None:
    found = listen_on(files)
    assert found.tls is not None
    assert found.tls.client_ca == Path(files["TLS_CLIENT_CA"])
    assert found.behind is None
    with pytest.raises(SettingsError, match="TLS_CLIENT_CA is missing"):
        listen_on({name: it for name, it in files.items() if name != "TLS_CLIENT_CA"})


def test_behind_proxies_no_certificate_of_theirs_is_asked_for(files: dict[str, str]) -> None:
    pair = {name: it for name, it in files.items() if name != "TLS_CLIENT_CA"}
    found = listen_on(
        {**pair, "EVENLY_PROXIES": "2", "EVENLY_SCHEME": "https", "HOST": "127.0.0.9", "PORT": "8443"}
    )
    assert found.tls is not None
    assert found.tls.client_ca is None
    assert found.behind == Proxies(2, "https")
    assert (found.host, found.port) == ("127.0.0.9", 8443)
    with pytest.raises(SettingsError, match="TLS_KEY is missing"):
        listen_on({"TLS_CERTIFICATE": files["TLS_CERTIFICATE"], "EVENLY_PROXIES": "1"})


@pytest.mark.parametrize("said", ["0", "11", "-1", "many", ""])
def test_a_wrong_number_of_proxies_is_named(said: str) -> None:
    with pytest.raises(SettingsError, match="EVENLY_PROXIES has to be a whole number from 1 to 10"):
        listen_on({"EVENLY_PROXIES": said})
