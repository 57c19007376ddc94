"""What the benchmark of the edge compares, and where."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bench import edge
from bench.by_hand import envoy
from bench.figures import is_met

from evenly.local.balancer import configuration, envoy_program
from evenly.local.certificates import CertificateFiles, CertificateNames, open_authority


@pytest.mark.parametrize(
    ("usable", "balancers", "others"),
    [((0, 1), (0,), (1,)), ((5, 3, 4), (3,), (4, 5)), ((7,), (7,), (7,))],
)
def test_the_balancers_have_a_core_of_their_own_where_there_are_two(usable, balancers, others) -> None:
    assert edge.divided(usable) == edge.Cores(balancers, others)


@pytest.mark.parametrize(("rate", "met"), [(800.0, True), (799.0, False)])
def test_at_most_a_fifth_may_be_lost(rate: float, met: bool) -> None:
    found = edge.findings((edge.Run(rate, 1.2, 80.0),), (edge.Run(1000.0, 1.0, 70.0),))
    assert [is_met(each) for each in found.measures] == [met, None, None]


def test_ours_has_its_features_on_and_the_peer_has_none(tmp_path: Path) -> None:
    files = CertificateFiles(tmp_path)
    ours = configuration(edge.edge_settings(tmp_path, 1, 2, files))
    pair = envoy.Pair(files.edge, files.edge_key, files.ca)
    kinds = (
        set(typed(list(ours.values()))),
        set(typed(envoy.edge(3, ["127.0.0.1:4", "127.0.0.2:5"], pair, pair))),
    )
    for feature in ("LocalRateLimit", "FileAccessLog", "Compressor", "HttpProtocolOptions"):
        assert [any(kind.endswith(feature) for kind in side) for side in kinds] == [True, False]
    assert len(kinds[1]) == 4  # the connection manager, the router, TLS to both sides


def test_envoy_takes_what_was_written_by_hand(tmp_path: Path) -> None:
    authority = open_authority(tmp_path / "certificates", CertificateNames("bench"), datetime.now(UTC))
    pair = envoy.Pair(authority.files.edge, authority.files.edge_key, authority.files.ca)
    for config in (
        envoy.edge(3, ["127.0.0.1:4", "127.0.0.2:5"], pair, pair),
        envoy.instances([(4, pair), (5, pair)]),
    ):
        file = tmp_path / "envoy.json"
        file.write_text(envoy.rendered(config))
        asked = [envoy_program(), "--mode", "validate", "--config-path", file, "--log-level", "error"]
        done = subprocess.run(asked, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def typed(part: Any) -> Iterator[str]:
    match part:
        case dict():
            if "@type" in part:
                yield part["@type"]
            for each in part.values():
                yield from typed(each)
        case list():
            for each in part:
                yield from typed(each)
