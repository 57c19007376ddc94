"""Envoy's statistics, read."""

from evenly.core.traffic import Traffic
from evenly.local.balancer.traffic import parse_traffic


def test_envoys_answer_is_read():
    stats = [
        {"name": "http.edge.downstream_rq_5xx", "value": 1},
        {"name": "http.edge.downstream_rq_active", "value": 2},
        {"name": "http.edge.downstream_rq_completed", "value": 3},
        {
            "histograms": [
                {
                    "name": "http.edge.downstream_rq_time",
                    "buckets": [
                        {"upper_bound": 1, "interval": 0, "cumulative": 2},
                        {"upper_bound": 2.5, "interval": 0, "cumulative": 3},
                    ],
                }
            ]
        },
    ]
    assert parse_traffic({"stats": stats}) == Traffic(3, 1, 2, ((1.0, 2), (2.5, 3)))
