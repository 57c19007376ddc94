"""Envoy's statistics, read."""

from evenly.core.traffic import Answers, Traffic
from evenly.local.balancer.traffic import parse_answers, parse_traffic


def test_envoys_answer_is_read():
    stats = [
        {"name": "http.edge.downstream_rq_5xx", "value": 1},
        {"name": "http.edge.downstream_rq_active", "value": 2},
        {"name": "http.edge.downstream_rq_completed", "value": 3},
        {"name": "server.hot_restart_epoch", "value": 5},
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
    assert parse_traffic({"stats": stats}) == Traffic(3, 1, 2, ((1.0, 2), (2.5, 3)), 5)


def test_what_the_instances_answered_is_read() -> None:
    stats = [
        {"name": "cluster.service.upstream_rq_active", "value": 4},
        {"name": "cluster.service.upstream_rq_completed", "value": 30},
        {
            "histograms": [
                {
                    "name": "cluster.service.upstream_rq_time",
                    "buckets": [{"upper_bound": 200, "interval": 0, "cumulative": 29}],
                }
            ]
        },
    ]
    answers = parse_answers({"stats": stats})
    assert answers == Answers(30, 4, ((200.0, 29),))
    assert (answers.came, answers.timed) == (34, 29)


def test_before_the_first_answer_there_is_none() -> None:
    answers = parse_answers({"stats": [{"name": "cluster.service.upstream_rq_active", "value": 0}]})
    assert (answers, answers.timed) == (Answers(0, 0, ()), 0)
