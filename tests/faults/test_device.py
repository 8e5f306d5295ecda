"""A GPU that is full, or gone: the CPU makes the object, the user is told, and the daemon goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from daemon.painting import engine as engine_module
from daemon.painting.engine import Engine, create_engine
from models.bundle import Bundle
from tests.daemon.conftest import Serve
from tests.daemon.peer import an_insert, new_id, report_of, the_error
from tests.faults.house import patient_peer
from tests.tiny_weights import write_tiny_weights
from wire.protocol import Done, ErrorCode, Hello, Welcome
from wire.sentences import GPU_IS_FULL, GPU_IS_GONE


class FakeGpu:
    """Makes an engine believe that it has a GPU, which really is the CPU, and lets it fail."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.failures: list[Exception] = []  # raised by the next insertions, in order
        self.answers = True
        real_read, real_objects = Bundle.load, Bundle.make_objects

        def read(folder: Path, *, device: torch.device, dtype: torch.dtype) -> object:
            self.last_device = device.type
            return real_read(folder, device="cpu", dtype=torch.float32 if device.type == "cuda" else dtype)

        def make_objects(*arguments: object) -> object:
            if self.failures and self.last_device == "cuda":
                raise self.failures.pop(0)
            return real_objects(*arguments)  # type: ignore[arg-type]

        patch.setattr(Bundle, "load", read)
        patch.setattr(Bundle, "make_objects", make_objects)
        patch.setattr(engine_module, "_answers", lambda _device: self.answers)
        patch.setattr(torch.cuda, "empty_cache", lambda: None)
        patch.setattr(torch.cuda, "get_device_name", lambda _device: "Fake GPU")
        patch.setattr(torch.cuda, "mem_get_info", lambda _device: (2**30, 2**31))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeGpu:
    return FakeGpu(monkeypatch)


@pytest.fixture
def engine(tmp_path: Path, gpu: FakeGpu) -> Engine:
    assert gpu.answers
    write_tiny_weights(tmp_path / "weights")
    return create_engine(tmp_path / "weights", device="cuda")


def notes_of(replies: Sequence[object]) -> str:
    done = replies[-1]
    assert isinstance(done, Done), done
    return " ".join(done.notes)


def test_a_full_gpu_is_helped_out_by_the_cpu_once_and_tried_again(
    serve: Serve, engine: Engine, gpu: FakeGpu
) -> None:
    peer = patient_peer(serve(engine))
    gpu.failures = [torch.OutOfMemoryError("CUDA out of memory")]
    assert GPU_IS_FULL in notes_of(peer.ask(an_insert("disc"), 60))
    assert notes_of(peer.ask(an_insert("disc"), 60)) == ""
    assert gpu.last_device == "cuda"


def test_a_gpu_that_is_gone_is_replaced_by_the_cpu_for_good_and_everybody_told(
    serve: Serve, engine: Engine, gpu: FakeGpu
) -> None:
    peer = patient_peer(serve(engine))
    gpu.failures = [RuntimeError("CUDA error: unspecified launch failure")]
    gpu.answers = False
    assert GPU_IS_GONE in notes_of(peer.ask(an_insert("disc"), 60))
    assert notes_of(peer.ask(an_insert("disc"), 60)) == ""
    assert gpu.last_device == "cpu"
    assert report_of(peer)["engine"]["device"].startswith("cpu")
    welcome = peer.ask(Hello(new_id(), "again"))[-1]
    assert isinstance(welcome, Welcome)
    assert welcome.device.startswith("cpu")


def test_a_gpu_that_fails_while_the_networks_are_loaded_leaves_the_cpu(
    serve: Serve, engine: Engine, gpu: FakeGpu
) -> None:
    gpu.failures = [RuntimeError("CUDA error: no CUDA-capable device is detected")]
    gpu.answers = False
    welcome = patient_peer(serve(engine)).greet("again")
    assert isinstance(welcome, Welcome)
    assert welcome.device.startswith("cpu")


def test_a_mistake_of_our_own_on_a_gpu_that_answers_is_no_reason_to_give_it_up(
    serve: Serve, engine: Engine, gpu: FakeGpu
) -> None:
    peer = patient_peer(serve(engine))
    gpu.failures = [RuntimeError("shapes do not match")]
    assert the_error(peer.ask(an_insert("disc"), 60)).code is ErrorCode.INTERNAL
    assert notes_of(peer.ask(an_insert("disc"), 60)) == ""
    assert gpu.last_device == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_real_gpu_that_stops_answering_is_replaced_by_the_cpu(tmp_path: Path, serve: Serve) -> None:
    write_tiny_weights(tmp_path / "weights")
    engine = create_engine(tmp_path / "weights", device="cuda")
    peer = patient_peer(serve(engine))
    assert notes_of(peer.ask(an_insert("disc"), 120)) == ""
    with pytest.raises(RuntimeError, match="CUDA"):  # an index out of bounds ends CUDA for this process
        torch.zeros(4, device="cuda")[torch.tensor([10], device="cuda")].sum().item()
    assert GPU_IS_GONE in notes_of(peer.ask(an_insert("disc"), 120))
    assert notes_of(peer.ask(an_insert("disc"), 120)) == ""
