from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.job import JobEvent
from ftops.model.json_value import JSON
from ftops.model.metrics import MetricPoint
from ftops.report.metrics import (
    NotMetrics,
    metrics_csv,
    metrics_of_events,
    read_metrics_file,
    render_metrics,
    render_plot,
)
from ftops.report.words import BARS, sparkline

MODERN = (
    b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2.5,0.5,2.6,0.4\n2,1.5,0.6,,\n"
)
LEGACY = (
    b"step,elapsed_tokens,training_loss,training_sequence_accuracy,training_token_accuracy\n"
    b"1,9,0.5,0.0,0.25\n"
)


def test_the_modern_file_is_read() -> None:
    first, second = read_metrics_file(MODERN)
    assert first == MetricPoint(1, 2.5, 2.6, 0.5, 0.4)
    assert second == MetricPoint(2, 1.5, None, 0.6, None)


def test_a_file_in_base64_is_read() -> None:
    assert read_metrics_file(base64.b64encode(MODERN)) == read_metrics_file(MODERN)


def test_the_founding_file_is_read_by_its_own_names() -> None:
    assert read_metrics_file(LEGACY) == (MetricPoint(1, train_loss=0.5, train_accuracy=0.25),)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><p>no</p></html>", b"\x00\xff,\x01", b"a,b\n1,2\n", b"{}", b"step\n1\n", b"step,x\n"],
)
def test_what_is_no_table_of_losses_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(NotMetrics):
        read_metrics_file(content)


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: f"step,train_loss\n{text}".encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        points = read_metrics_file(content)
    except NotMetrics:
        return
    assert all(point.step >= 0 for point in points)


def test_figures_that_are_no_numbers_are_not_known() -> None:
    points = read_metrics_file(b"step,train_loss\nx,1\n3,nan\n4,-1\n5,inf\n6,0.5,extra\n7\n")
    assert [(point.step, point.train_loss) for point in points] == [
        (3, None),
        (4, None),
        (5, None),
        (6, 0.5),
        (7, None),
    ]


def test_metric_events_give_each_step_once_in_order() -> None:
    def event(step: JSON, loss: JSON) -> JobEvent:
        return JobEvent(1.0, "info", "m", "metrics", {"step": step, "train_loss": loss, "total_steps": 9})

    events = [event(2, 1.0), event(1, 2.0), event(2, 1.0), event(None, 1), JobEvent(1.0, "info", "said")]
    assert metrics_of_events(events) == (
        MetricPoint(1, 2.0, total_steps=9),
        MetricPoint(2, 1.0, total_steps=9),
    )


def test_a_sparkline_falls_as_the_loss_does() -> None:
    drawn = sparkline([4.0, 3.0, 2.0, 1.0], width=4)
    assert (drawn[0], drawn[-1]) == (BARS[-1], BARS[0])
    assert sparkline([]) == ""
    assert len(sparkline([1.0] * 500)) == 12


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_plot_fits_its_width(width: int) -> None:
    points = read_metrics_file(MODERN)
    drawn = render_plot(points, width=width)
    assert max(len(line) for line in drawn.splitlines()) <= max(width, 40)
    assert "train" in drawn
    assert "valid" in drawn
    assert all(len(render_plot(points, width=width, height=n).splitlines()) < n for n in (15, 24, 60))


def test_a_plot_of_one_step_or_of_no_loss_is_no_crash() -> None:
    assert "train" in render_plot([MetricPoint(1, 0.5)])
    assert render_plot([MetricPoint(1)]) == "No losses are known.\n"


def test_a_table_leaves_out_what_nobody_gave() -> None:
    assert render_metrics([MetricPoint(1, 0.5)]).split() == ["STEP", "TRAIN-LOSS", "1", "0.5000"]


def test_our_csv_has_our_names() -> None:
    assert metrics_csv(read_metrics_file(LEGACY)).splitlines() == [
        "step,train_loss,valid_loss,train_accuracy,valid_accuracy",
        "1,0.5,,0.25,",
    ]
