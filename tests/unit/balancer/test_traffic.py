"""Counters to rates and quantiles."""

import pytest

from evenly.local.balancer.traffic import Answers, Traffic, parse_answers, parse_traffic, quantile, rate

NOTHING = Traffic(0, 0, 0)


def traffic(requests: int, *buckets: tuple[float, int]) -> Traffic:
    return Traffic(requests, 0, 0, buckets)


def test_the_rate_is_what_was_answered_between():
    assert rate(traffic(100), traffic(150), 2.0) == 25.0


def test_a_restarted_balancer_counts_from_nothing():
    assert rate(traffic(100), traffic(30), 2.0) == 15.0
    assert quantile(traffic(9, (10, 9)), traffic(2, (10, 2)), 0.5) == 5.0


def test_no_time_is_no_rate():
    assert rate(traffic(0), traffic(9), 0.0) == 0.0


def test_the_quantile_lies_on_a_line_between_bounds():
    before = traffic(100, (10, 100), (20, 100), (40, 100))
    after = traffic(200, (10, 150), (20, 190), (40, 200))
    assert quantile(before, after, 0.5) == 10.0
    assert quantile(before, after, 0.7) == 15.0
    assert quantile(before, after, 0.95) == 30.0
    assert quantile(before, after, 1.0) == 40.0


def test_the_first_reading_may_know_no_buckets():
    assert quantile(NOTHING, traffic(4, (10, 4), (20, 4)), 0.95) == 9.5


@pytest.mark.parametrize("after", [NOTHING, traffic(0, (10, 0), (20, 0))])
def test_without_an_answer_there_is_no_quantile(after):
    assert quantile(NOTHING, after, 0.95) is None


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
