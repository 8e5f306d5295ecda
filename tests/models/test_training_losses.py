"""Adversarial losses, gradient penalties and combined discriminators: right sign, right slope, finite."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.training import losses
from models.training.critics import Critics, Kind, NoDiscriminator, Penalties, Shown
from models.training.losses import AdversarialLoss
from models.training.settings import SettingsError, TrainingSettings
from models.training.trainer import Trainer
from tests.models.feature_files import write_features
from tests.models.shapes_made_in_code import made_batch

CPU = torch.device("cpu")
SMALL = TrainingSettings(resolution=32, batch_size=4, seed=3, warmup_kimg=0.0)


def _shown(value: float) -> Shown:
    return Shown(torch.full((4, 3, 32, 32), value), torch.ones(4, 1, 32, 32), [])


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_features(tmp_path_factory.mktemp("features"))


@pytest.mark.parametrize("loss", list(AdversarialLoss))
def test_an_adversarial_loss_rewards_the_right_side(loss: AdversarialLoss) -> None:
    good, bad = [torch.full((4, 1), 1.0)], [torch.full((4, 1), -1.0)]
    assert loss.discriminator(good, bad) < loss.discriminator(bad, good)
    assert loss.generator(good, bad) < loss.generator(bad, good)


@pytest.mark.parametrize("loss", list(AdversarialLoss))
def test_the_gradient_of_a_loss_parts_real_from_generated_and_draws_them_together(
    loss: AdversarialLoss,
) -> None:
    real, fake = torch.zeros(4, 1, requires_grad=True), torch.zeros(4, 1, requires_grad=True)
    up, down = torch.autograd.grad(loss.discriminator([real], [fake]), [real, fake])
    assert (up < 0).all()  # a step against the gradient raises the real logits
    assert (down > 0).all()
    (draw,) = torch.autograd.grad(loss.generator([fake], [real.detach()]), [fake])
    assert (draw < 0).all()


@pytest.mark.parametrize("loss", list(AdversarialLoss))
def test_a_generator_of_one_number_learns_to_match_the_data(loss: AdversarialLoss) -> None:
    """The data are at 2; a linear critic with the loss's penalties leads a point from 0 towards them."""
    weight, point = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    critic_steps = torch.optim.Adam([weight], 0.05, (0.0, 0.9))
    point_steps = torch.optim.Adam([point], 0.02, (0.0, 0.9))
    real = torch.full((8, 1), 2.0)
    for _ in range(150):
        fake = point.expand(8, 1)
        judged = loss.discriminator([real * weight], [fake.detach() * weight])
        squared = losses.squared_gradient(lambda x: (x[0] * weight).sum(1), [real])
        held = losses.one_centred(squared) if loss is AdversarialLoss.WASSERSTEIN else 0.1 * squared.mean()
        critic_steps.zero_grad()
        torch.autograd.backward(judged + held)
        critic_steps.step()
        point_steps.zero_grad()
        torch.autograd.backward(loss.generator([fake * weight.detach()], [real * weight.detach()]))
        point_steps.step()
    assert 1.0 < point.item() < 3.5


def test_the_squared_gradient_is_that_of_calculus_and_can_be_differentiated() -> None:
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    squared = losses.squared_gradient(lambda x: (x[0] * weight).sum(1), [torch.randn(5, 2)])
    assert torch.allclose(squared, torch.full((5,), 25.0))
    assert losses.zero_centred(squared).item() == pytest.approx(12.5)
    assert losses.one_centred(squared).item() == pytest.approx(16.0)
    (slope,) = torch.autograd.grad(losses.zero_centred(squared), [weight])
    assert torch.allclose(slope, torch.tensor([3.0, 4.0]))


def test_the_gradient_over_several_inputs_is_taken_together() -> None:
    inputs = [torch.randn(2, 3), torch.randn(2, 4)]
    squared = losses.squared_gradient(lambda x: 2 * x[0].sum(1) + x[1].sum(1), inputs)
    assert torch.allclose(squared, torch.full((2,), 3 * 4.0 + 4 * 1.0))


@pytest.mark.parametrize("text", ["", "projected,", "huge", "patch,huge"])
def test_an_unknown_discriminator_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(SettingsError, match="projected, patch, multi-scale"):
        SMALL.with_values(discriminators=text)


def test_the_wasserstein_loss_without_its_penalty_is_refused() -> None:
    with pytest.raises(SettingsError, match="gradient_penalty=10"):
        SMALL.with_values(adversarial="wgan-gp")
    assert SMALL.for_loss("wgan-gp").gradient_penalty == 10


def test_the_projected_discriminator_alone_needs_features() -> None:
    with pytest.raises(NoDiscriminator, match="--features"):
        Critics([Kind.PROJECTED], AdversarialLoss.HINGE, 2, None)
    both = Critics([Kind.PROJECTED, Kind.MULTI_SCALE], AdversarialLoss.HINGE, 2, None)
    assert list(both.networks()) == ["patch_discriminator"]


def test_discriminators_are_combined_as_named(features: Path) -> None:
    kinds = Kind.several("multi-scale, patch,projected")
    critics = Critics(kinds, AdversarialLoss.HINGE, 2, features)
    assert set(critics.networks()) == {
        "patch_discriminator",
        "one_scale_discriminator",
        "projected_discriminator",
    }
    scales = {name: len(patch.scales) for name, patch in critics.patches.items()}
    assert scales == {"patch_discriminator": 2, "one_scale_discriminator": 1}


@pytest.mark.parametrize("penalties", [Penalties(r1=1.0), Penalties(r2=1.0)])
def test_a_zero_centred_penalty_makes_the_discriminator_flatter(penalties: Penalties) -> None:
    torch.manual_seed(0)
    critics = Critics([Kind.PATCH], AdversarialLoss.WASSERSTEIN, 2, None, penalties=penalties)
    first, last = _train_on_penalty(critics, steps=12)
    assert last < 0.5 * first


def test_the_penalty_between_leads_the_slope_to_one() -> None:
    torch.manual_seed(0)
    critics = Critics([Kind.PATCH], AdversarialLoss.WASSERSTEIN, 2, None, penalties=Penalties(between=1.0))
    first, last = _train_on_penalty(critics, steps=30)
    assert last < 0.5 * first


def _train_on_penalty(critics: Critics, steps: int) -> tuple[float, float]:
    """The penalty before and after some steps that minimise it alone."""
    random, index = torch.Generator().manual_seed(0), torch.tensor([0, 1, 0, 1])
    parameters = [p for network in critics.networks().values() for p in network.parameters()]
    optimiser = torch.optim.Adam(parameters, 2e-3)
    found = []
    for _ in range(steps):
        penalty = critics.discriminator_loss(_shown(0.5), _shown(-0.5), index, random)["penalty"]
        found.append(penalty.item())
        optimiser.zero_grad()
        torch.autograd.backward(penalty)
        optimiser.step()
    return found[0], found[-1]


def test_a_penalty_reaches_the_heads_on_frozen_features(features: Path) -> None:
    torch.manual_seed(0)
    critics = Critics([Kind.PROJECTED], AdversarialLoss.HINGE, 2, features, penalties=Penalties(r1=1.0))
    random, index = torch.Generator().manual_seed(0), torch.tensor([0, 1, 0, 1])
    batch = made_batch(1)
    real, fake = critics.show(batch.photo, batch.mask), critics.show(-batch.photo, batch.mask)
    critics.calibrate(real)
    penalty = critics.discriminator_loss(real, fake, index, random)["penalty"]
    trained = [p for p in critics.networks()["projected_discriminator"].parameters() if p.requires_grad]
    reached = torch.autograd.grad(penalty, trained, allow_unused=True)
    assert any(g is not None and g.abs().sum() > 0 for g in reached)


@pytest.mark.parametrize("adversarial", [loss.value for loss in AdversarialLoss])
def test_every_loss_trains_all_discriminators_together(adversarial: str, features: Path) -> None:
    settings = SMALL.with_values(discriminators=",".join(kind.value for kind in Kind)).for_loss(adversarial)
    _moves(settings, features)


@pytest.mark.parametrize("discriminators", ["projected", "multi-scale", "patch", "projected,heads"])
def test_every_discriminator_trains_alone(discriminators: str, features: Path) -> None:
    _moves(SMALL.with_values(discriminators=discriminators), features)


def test_a_batch_without_heads_trains_all_but_the_judge_of_heads(features: Path) -> None:
    trainer = Trainer(SMALL.with_values(discriminators="projected,heads"), 2, CPU, features)
    batch = made_batch(0)
    before = _flat(trainer.trained_networks()["head_discriminator"])
    with_heads = trainer.step(batch, 4)
    after = _flat(trainer.trained_networks()["head_discriminator"])
    batch.heads.zero_()
    without = trainer.step(batch, 8)
    assert not torch.equal(before, after)
    assert "Loss/G/adversarial_heads" in with_heads
    assert "Loss/G/adversarial_heads" not in without
    assert with_heads["Loss/G/lpips_heads"].item() > 0
    assert "Loss/G/lpips_heads" not in without


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty"])
def test_every_penalty_can_be_added_to_any_loss(penalty: str, features: Path) -> None:
    statistics = _moves(SMALL.with_values(**{penalty: 1.0}), features)
    assert statistics["Loss/D/penalty"].item() > 0


def _moves(settings: TrainingSettings, features: Path) -> dict[str, Tensor]:
    torch.manual_seed(0)
    trainer = Trainer(settings, 2, CPU, features)
    trainer.random.manual_seed(0)
    before = {name: _flat(network) for name, network in trainer.trained_networks().items()}
    for place in range(2):
        statistics = trainer.step(made_batch(place), 4 * place)
    for name, network in trainer.trained_networks().items():
        assert torch.isfinite(_flat(network)).all()
        assert not torch.equal(before[name], _flat(network)), f"{name} has not learnt"
    assert all(torch.isfinite(value) for value in statistics.values())
    return statistics


def _flat(network: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def test_a_mean_over_chosen_samples_leaves_the_others_out() -> None:
    value = torch.tensor([[1.0, 3.0], [100.0, 100.0], [5.0, 7.0]])
    assert float(losses.mean_where(torch.tensor([True, False, True]), value)) == pytest.approx(4.0)
    assert float(losses.mean_where(torch.tensor([False, False, False]), value)) == 0.0
