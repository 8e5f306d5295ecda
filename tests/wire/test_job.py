"""An insertion's states, from the replies to it."""

from __future__ import annotations

import pytest

from wire import protocol
from wire.job import InsertJob, JobState, LightJob
from wire.protocol import ErrorCode, PixelFormat, PixelFrame, Rect, Stage
from wire.request import insert_request, light_request


@pytest.fixture
def job() -> InsertJob:
    scene = PixelFrame(140, 140, PixelFormat.RGB8, bytes(140 * 140 * 3))
    return InsertJob(insert_request(protocol.Wish("dog", Rect(50, 50, 100, 100)), 500, 400, scene))


def layer(job: InsertJob, index: int, seed: int = 0) -> protocol.Layer:
    pixels = PixelFrame(1, 1, PixelFormat.RGBA8, bytes(4))
    return protocol.Layer(job.id, index, "dog", seed, 0, 0, pixels)


def test_a_job_goes_from_queued_to_done(job: InsertJob) -> None:
    seen = [job.state]
    for reply in (
        protocol.Accepted(job.id, 2),
        protocol.Progress(job.id, Stage.MASK, 0.25),
        layer(job, 0),
        protocol.Done(job.id, ("The CPU had to help out.",)),
    ):
        assert job.feed(reply)
        seen.append(job.state)
    assert seen == [JobState.QUEUED, JobState.ACCEPTED, JobState.RUNNING, JobState.RUNNING, JobState.DONE]
    assert (job.position, job.stage, job.fraction) == (2, Stage.MASK, 1.0)
    assert job.notes == ("The CPU had to help out.",)
    assert job.is_final


def test_layers_stand_in_the_order_of_their_index_and_each_once(job: InsertJob) -> None:
    for index, seed in ((2, 1), (0, 1), (1, 1), (0, 5)):
        job.feed(layer(job, index, seed))
    assert [(each.index, each.seed) for each in job.layers] == [(0, 5), (1, 1), (2, 1)]


def test_a_failed_job_keeps_the_error(job: InsertJob) -> None:
    job.feed(protocol.Error(job.id, ErrorCode.OUT_OF_MEMORY, "No room.", "Close something."))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, str(job.error)) == (ErrorCode.OUT_OF_MEMORY, "No room. Close something.")


@pytest.mark.parametrize("own", [True, False])
def test_a_cancelled_job_is_known_by_its_id_or_as_the_target(job: InsertJob, *, own: bool) -> None:
    cancel = job.cancel_request()
    assert (cancel.target, cancel.id != job.id) == (job.id, True)
    assert job.feed(protocol.Cancelled(job.id if own else cancel.id, job.id))
    assert job.state is JobState.CANCELLED


def test_replies_to_others_and_after_the_end_change_nothing(job: InsertJob) -> None:
    assert not job.feed(protocol.Done("another"))
    assert not job.feed(protocol.Cancelled("another", "yet another"))
    assert job.state is JobState.QUEUED
    job.feed(protocol.Done(job.id))
    assert not job.feed(layer(job, 0))
    assert job.layers == []


def test_progress_never_goes_back(job: InsertJob) -> None:
    for fraction in (0.5, 0.2, 0.6):
        job.feed(protocol.Progress(job.id, Stage.OBJECT, fraction))
    assert job.fraction == 0.6
    job.feed(protocol.Progress(job.id, Stage.LOADING, 0.1))
    assert (job.fraction, job.stage) == (0.6, Stage.LOADING)


def test_a_job_for_light_keeps_the_layer_in_its_light() -> None:
    scene = PixelFrame(140, 140, PixelFormat.RGB8, bytes(140 * 140 * 3))
    cut_out = PixelFrame(100, 100, PixelFormat.RGBA8, bytes(4 * 100 * 100))
    job = LightJob(light_request(Rect(50, 50, 100, 100), 500, 400, scene, cut_out))
    lit = protocol.Lit(job.id, cut_out, {"exposure": 0.5})
    assert job.feed(lit)
    assert (job.state, job.lit) == (JobState.RUNNING, lit)
    assert job.feed(protocol.Done(job.id))
    assert job.state is JobState.DONE
