# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Batches: the same for any number of workers and of ranks, after a resume, and each picture as often as it should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.config import Config, DataConfig, TrainConfig
from src.data.loader import EvalLoader, TrainLoader
from src.data.sampler import epoch_order, index_at, rank_positions
from src.data.sources import open_source
from src.data.transforms import eval_picture, normalise
from src.distributed import ALONE, Ranks
from src.errors import UserError
from src.layers.drop_path import drop_path_factors
from src.preprocessing import Preprocessing
from tests.conftest import ROOT
from tests.data.memory import Pictures

PREPROCESSING = Preprocessing(size=8, resize=9)
LABELS = np.array([2, 0, 1], np.int32)  # what the model calls the classes a, b, c


RECIPE = {"interpolation": "random", "auto_augment": "rand-m9-mstd0.5-inc1", "erase_prob": 0.5}


def train_loader(source, batch_size=4, workers=2, ranks=ALONE, seed=5, accumulate=1, **data):
    config = Config(
        seed=seed,
        data=DataConfig(batch_size=batch_size, workers=workers, **data),
        train=TrainConfig(accumulate=accumulate),
    )
    return TrainLoader(source, LABELS, 3, config, PREPROCESSING, ranks)


def passes(loader, first=0, last=2, first_step=0):
    """Return the epochs as lists of (images, labels, positions)."""
    epochs = loader.epochs(first, last, first_step)
    return [[(b.images, b.labels, b.positions) for b in epoch] for epoch in epochs]


def same(one, other):
    """Say whether two lists of batches are equal to the last bit."""
    return len(one) == len(other) and all(
        np.array_equal(a, b) for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True)
    )


def numbers(batches):
    """Return the number of each picture of one colour, in order."""
    mean, std = np.array(PREPROCESSING.mean), np.array(PREPROCESSING.std)
    colours = [(images[:, :, 0, 0] * std + mean) * 255 for images, *_ in batches]
    return np.rint(np.concatenate(colours)[:, 0]).astype(int)


def test_an_epochs_order_is_a_permutation_of_its_own():
    orders = [epoch_order(50, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        assert sorted(order) == list(range(50))
    assert len({order.tobytes() for order in orders}) == 4
    assert np.array_equal(epoch_order(50, 1, 1), orders[3])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks_share_each_global_batch(size):
    for batch in (0, 3):
        shares = [rank_positions(batch, 4, Ranks(rank, size)) for rank in range(size)]
        assert [len(share) for share in shares] == [4] * size
        together = np.array(shares).T.reshape(-1)  # dealt in turn
        assert together.tolist() == list(range(batch * 4 * size, (batch + 1) * 4 * size))


def test_repeated_pictures_go_to_different_ranks():
    """As the sampler of DeiT deals them: 16 pictures, 3 copies each in a row, every second one to the second rank."""
    shares = [[i for batch in range(2) for i in rank_positions(batch, 4, Ranks(rank, 2))] for rank in range(2)]
    seen = [[index_at(key, 16, 3, 7, 0) for key in share] for share in shares]
    order = epoch_order(16, 7, 0)
    assert seen[0] == order[[0, 0, 1, 2, 2, 3, 4, 4]].tolist()
    assert seen[1] == order[[0, 1, 1, 2, 3, 3, 4, 5]].tolist()
    assert index_at(15, 16, 3, 7, 1) == epoch_order(16, 7, 1)[5]  # the next epoch has an order of its own


def test_repeats_pass_over_a_part_of_the_pictures_with_other_crops():
    loader = train_loader(Pictures(18, plain=True), batch_size=6, repeats=3)
    first, second = ([tuple(numbers([batch])) for batch in batches] for batches in passes(loader))

    assert all(len(set(batch)) == 2 for batch in (*first, *second))
    assert len(set(sum(first, ()))) == 6
    assert set(first) != set(second)
    crops = [
        image.tobytes()
        for batches in passes(train_loader(Pictures(18), batch_size=6, repeats=3), 0, 1)
        for images, *_ in batches
        for image in images
    ]
    assert len(set(crops)) > 15  # the three copies are three crops


def test_batches_are_what_a_step_takes():
    loader = train_loader(Pictures(19))
    assert loader.steps_per_epoch == 4
    (batches,) = passes(loader, 0, 1)
    assert len(batches) == 4
    for images, labels, positions in batches:
        assert (images.shape, images.dtype) == ((4, 3, 8, 8), np.float32)
        assert (labels.shape, labels.dtype) == ((4,), np.int32)
        assert (positions.shape, positions.dtype) == ((4,), np.int64)
    assert np.concatenate([positions for *_, positions in batches]).tolist() == list(range(16))


def test_one_worker_gives_what_two_and_too_many_give():
    one, two, many = (passes(train_loader(Pictures(30), workers=workers)) for workers in (1, 2, 64))
    for epoch in range(2):
        assert same(one[epoch], two[epoch])
        assert same(one[epoch], many[epoch])


def test_two_ranks_together_see_what_one_sees():
    source = Pictures(30)
    whole = passes(train_loader(source, batch_size=8, **RECIPE))
    halves = [passes(train_loader(source, batch_size=4, ranks=Ranks(rank, 2), **RECIPE)) for rank in range(2)]
    for epoch in range(2):
        joined = [
            tuple(np.stack(parts, 1).reshape(8, *parts[0].shape[1:]) for parts in zip(first, second, strict=True))
            for first, second in zip(halves[0][epoch], halves[1][epoch], strict=True)
        ]
        assert len(joined) == 3
        assert same(joined, whole[epoch])


@pytest.mark.parametrize("mixed", [{}, {"mixup": 0.8, "cutmix": 1.0}])
@pytest.mark.parametrize("first_step", [0, 1, 3, 4])
def test_a_resumed_loader_goes_on_as_if_nothing_had_happened(first_step, mixed):
    """Also in the middle of an epoch, and at its very end, where nothing of it is left."""
    continued = passes(train_loader(Pictures(19), **RECIPE, **mixed), 0, 4)
    fresh = passes(train_loader(Pictures(19), workers=1, **RECIPE, **mixed), 2, 4, first_step)
    assert len(fresh[0]) == 4 - first_step
    assert same(fresh[0], continued[2][first_step:])
    assert same(fresh[1], continued[3])


def test_accumulated_batches_belong_to_one_step():
    """A step that was not finished is begun anew, so only whole steps count."""
    loader = train_loader(Pictures(19), accumulate=2)
    assert (loader.pictures_per_step, loader.steps_per_epoch) == (8, 2)
    continued, (late,) = passes(loader, 0, 1), passes(loader, 0, 1, first_step=1)
    assert [len(continued[0]), len(late)] == [4, 2]
    assert same(late, continued[0][2:])


def read_with_substitutes(source, size):
    """Return for each position of an epoch (number of the picture, label, what it took the place of)."""
    loaders = [train_loader(source, 8 // size, ranks=Ranks(rank, size), on_error="skip") for rank in range(size)]
    batches = [batch for loader in loaders for epoch in loader.epochs(0, 1) for batch in epoch]
    return {
        int(position): (int(number), int(label), tuple(bad))
        for batch in batches
        for position, number, label, bad in zip(
            batch.positions, numbers([(batch.images,)]), batch.labels, batch.unreadable, strict=True
        )
    }


def test_another_picture_takes_the_place_of_an_unreadable_one():
    source = Pictures(24, plain=True)
    source.broken = {3, 17}
    read = read_with_substitutes(source, size=1)
    order = epoch_order(24, 5, 0)
    assert len(read) == 24
    for position, (number, label, bad) in read.items():
        wanted = int(order[position])
        assert label == LABELS[source.labels[number]]
        if wanted in source.broken:
            assert number not in source.broken
            assert bad[0] == wanted
        else:
            assert (number, set(bad)) == (wanted, {-1})
    assert read_with_substitutes(source, size=2) == read


def test_too_many_unreadable_pictures_in_a_row_are_a_mistake_of_the_user():
    source = Pictures(8)
    source.broken = set(range(8))
    with pytest.raises(UserError, match=r"^memory: 8 pictures drawn one after the other can't be read$"):
        passes(train_loader(source, on_error="skip"))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [3, 19])
def test_ranks_evaluate_each_picture_once(count, size):
    data = DataConfig(eval_batch_size=4)
    loaders = [EvalLoader(Pictures(count), LABELS, data, PREPROCESSING, Ranks(r, size)) for r in range(size)]
    passes_of_ranks = [list(loader) for loader in loaders]
    seen = [int(p) for batches in passes_of_ranks for batch in batches for p in batch.positions]
    assert sorted(seen) == list(range(count))
    assert {loader.count for loader in loaders} == {count}
    assert {loader.steps for loader in loaders} == {max(len(batches) for batches in passes_of_ranks)}


def test_targets_are_smoothed_and_mixed():
    (batches,) = train_loader(Pictures(16)).epochs(0, 1)
    for batch in batches:
        np.testing.assert_allclose(batch.targets.max(1), 0.9 + 0.1 / 3, rtol=1e-6)
        assert np.array_equal(batch.targets.argmax(1), batch.labels)
    (batches,) = train_loader(Pictures(16), mixup=0.8).epochs(0, 1)
    for batch in batches:
        np.testing.assert_allclose(batch.targets.sum(1), 1, rtol=1e-6)
        assert np.array_equal(batch.targets.argmax(1), batch.labels)


def test_epochs_and_seeds_differ_in_order():
    loaders = [train_loader(Pictures(16, plain=True), seed=seed) for seed in (5, 6)]
    orders = [tuple(numbers(batches)) for loader in loaders for batches in passes(loader)]
    assert len(set(orders)) == 4


def test_epochs_seeds_and_positions_differ_in_crops():
    source = Pictures(16)
    source.pixels[:] = source.pixels[0]  # the same picture everywhere, so that the crop alone tells them apart
    crops = [
        image.tobytes()
        for seed in (5, 6)
        for batches in passes(train_loader(source, seed=seed))
        for images, *_ in batches
        for image in images
    ]
    assert len(crops) == 2 * 2 * 16
    assert len(set(crops)) > 0.8 * len(crops)  # two draws may happen to cut the same pixels


def test_no_picture_comes_twice_in_an_epoch_and_each_has_its_label():
    source = Pictures(27, plain=True)
    for batches in passes(train_loader(source, batch_size=5), 0, 3):
        seen = numbers(batches)
        assert len(seen) == len(set(seen)) == 25
        labels = np.concatenate([labels for _, labels, _ in batches])
        assert np.array_equal(labels, LABELS[source.labels[seen]])


def test_order_crops_and_stochastic_depth_have_streams_of_their_own(monkeypatch):
    source, make, states = Pictures(8), np.random.default_rng, []

    def recording(key):
        states.append(str(make(key).bit_generator.state))
        return make(key)

    monkeypatch.setattr(np.random, "default_rng", recording)
    passes(train_loader(source, workers=1, seed=77), 0, 2)
    for epoch in range(2):
        drop_path_factors([0.5], 77, epoch, range(8))
    assert len(states) == 2 * (1 + 8 + 8)
    assert len(set(states)) == len(states)


def test_batches_that_are_kept_stay_as_they_were():
    kept, copies = [], []
    for epoch in train_loader(Pictures(40)).epochs(0, 3):
        for batch in epoch:
            kept.append((batch.images, batch.labels, batch.positions))
            copies.append(tuple(array.copy() for array in kept[-1]))
    assert same(kept, copies)


@pytest.mark.parametrize("workers", [1, 2, 64])
@pytest.mark.parametrize("batch_size", [1, 4, 19, 50])
def test_evaluation_sees_each_picture_once_in_order(batch_size, workers):
    source = Pictures(19)
    loader = EvalLoader(source, LABELS, DataConfig(eval_batch_size=batch_size, workers=workers), PREPROCESSING)
    assert loader.count == 19
    pictures = np.stack([eval_picture(source.picture(i), PREPROCESSING) for i in range(19)])
    for _ in range(2):  # each pass is a whole one
        batches = list(loader)
        assert [len(batch.labels) for batch in batches] == [batch_size] * (19 // batch_size) + [
            rest for rest in [19 % batch_size] if rest
        ]
        assert np.array_equal(np.concatenate([b.positions for b in batches]), np.arange(19))
        assert np.array_equal(np.concatenate([b.labels for b in batches]), LABELS[source.labels])
        images = np.concatenate([b.images for b in batches])
        assert images.dtype == np.float32
        assert np.array_equal(images, normalise(pictures, PREPROCESSING))


def test_fewer_pictures_than_a_step_takes_is_a_mistake_of_the_user():
    said = r"^memory: 7 pictures are fewer than one step takes \(data\.batch_size=8, train\.accumulate=1, ranks: 1\)$"
    with pytest.raises(UserError, match=said):
        train_loader(Pictures(7), batch_size=8)
    with pytest.raises(UserError, match=r"7 pictures are fewer than one step takes"):
        train_loader(Pictures(7), batch_size=4, ranks=Ranks(0, 2))
    assert train_loader(Pictures(8), batch_size=4, ranks=Ranks(0, 2)).steps_per_epoch == 1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_broken_picture_comes_out_of_the_readers_as_the_users_error(split, workers, picture_folder):
    broken = picture_folder / split / "green" / "0.png"
    broken = broken.rename(broken.with_name("né 50% s.png"))
    broken.write_bytes(broken.read_bytes()[:100])
    source = open_source(str(picture_folder), split)
    data = DataConfig(batch_size=4, eval_batch_size=4, workers=workers)
    if split == "train":
        (batches,) = TrainLoader(source, LABELS, 3, Config(data=data), PREPROCESSING, ALONE).epochs(0, 1)
    else:
        batches = iter(EvalLoader(source, LABELS, data, PREPROCESSING))
    with pytest.raises(UserError) as caught:
        list(batches)
    assert str(caught.value).startswith(f"{broken}: not a readable picture (")
    assert "\n" not in str(caught.value)


def threads():
    """Return how many threads this process has, those of MindSpore included."""
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.parametrize("how", ["to the end", "dropped", "closed", "broken"])
def test_no_thread_outlives_its_batches(how):
    source = Pictures(60)
    list(EvalLoader(source, LABELS, DataConfig(), PREPROCESSING))  # MindSpore keeps a thread of its first pipeline
    before = threads()
    if how == "broken":
        source.broken = {20}
    batches = iter(EvalLoader(source, LABELS, DataConfig(eval_batch_size=6), PREPROCESSING))
    next(batches)
    assert threads() > before
    if how == "closed":
        batches.close()
    elif how == "to the end":
        assert len(list(batches)) == 9
    elif how == "broken":
        with pytest.raises(UserError, match="picture 20: broken"):
            list(batches)
    del batches
    assert threads() == before


def test_dropped_epochs_leave_no_thread():
    epochs = train_loader(Pictures(60)).epochs(0, 5)
    batches = next(epochs)
    next(batches)
    running = threads()
    del epochs, batches
    assert threads() < running


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_broken_picture_leaves_nothing_of_mindspore_on_standard_error(split, picture_folder):
    """Its logs go past Python; at the level of warnings, which is its own default, it would write of any error."""
    (picture_folder / split / "green" / "0.png").write_bytes(b"no picture")
    program = f"""
import sys
import numpy as np
from src.config import Config, DataConfig
from src.data.loader import EvalLoader, TrainLoader
from src.data.sources import open_source
from src.distributed import ALONE
from src.errors import run_door
from src.preprocessing import Preprocessing

def main():
    source, labels, size = open_source({str(picture_folder)!r}, {split!r}), np.arange(3), Preprocessing(8, 9)
    if {split!r} == "train":
        batches = next(TrainLoader(source, labels, 3, Config(data=DataConfig(batch_size=4)), size, ALONE).epochs(0, 1))
    else:
        batches = EvalLoader(source, labels, DataConfig(), size)
    list(batches)

run_door(main)
"""
    level = {key: value for key, value in os.environ.items() if key != "GLOG_v"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=level, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    broken = picture_folder / split / "green" / "0.png"
    assert re.fullmatch(rf"error: {broken}: not a readable picture \(.*\)\n", done.stderr)


def test_a_fault_of_the_program_in_a_reader_stays_a_fault(monkeypatch):
    source = Pictures(8)
    monkeypatch.setattr(source, "picture", {}.__getitem__)
    with pytest.raises(KeyError):
        list(EvalLoader(source, LABELS, DataConfig(), PREPROCESSING))


def test_a_fault_of_the_program_in_a_batch_stays_a_fault():
    def prepare(pictures):
        raise KeyError(len(pictures))

    with pytest.raises(KeyError, match="8"):
        list(EvalLoader(Pictures(8), LABELS, DataConfig(), PREPROCESSING, prepare=prepare))
