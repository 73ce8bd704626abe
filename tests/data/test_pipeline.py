# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pipeline gives what reading one picture after the other gives, and is a data set of MindSpore like any other."""

import mindspore.dataset as ds
import numpy as np
import pytest

from src.config import Config, DataConfig, TrainConfig
from src.data.pipeline import create_dataset
from src.data.recipes.classify import TrainRecipe
from src.data.recipes.recipe import Place
from src.data.stages import build_pipeline
from src.distributed import Ranks
from src.errors import UserError
from src.preprocessing import Preprocessing
from tests.data.memory import Pictures

PREPROCESSING = Preprocessing(size=8, resize=9)
LABELS = np.array([2, 0, 1], np.int32)
RECIPE = {
    "interpolation": "random",
    "auto_augment": "rand-m9-mstd0.5-inc1",
    "erase_prob": 0.5,
    "mixup": 0.8,
    "cutmix": 1.0,
}


def recipe_of(source, **data):
    config = Config(seed=5, data=DataConfig(**RECIPE, **data))
    return TrainRecipe(source, LABELS, 3, config, PREPROCESSING)


def read_plainly(recipe, positions, epoch):
    """Return the columns of a batch, read in this thread without MindSpore."""
    samples = [recipe.sample(Place(epoch, position)) for position in positions]
    positions = np.array(positions)
    return *recipe.combine(epoch, positions, *map(np.stack, zip(*samples, strict=True))), positions


def rows_of(dataset, epochs=1):
    rows = dataset.create_tuple_iterator(num_epochs=epochs, output_numpy=True)
    return [row for _ in range(epochs) for row in rows]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("size", [2, 6, 8, 20])
def test_it_gives_what_plain_reading_gives(workers, size):
    """In batches of less than a row, of a row, and of two rows and a half; the last batch is smaller."""
    recipe = recipe_of(Pictures(44))
    batches = [range(start, min(start + size, 44)) for start in range(0, 44, size)]
    rows = rows_of(build_pipeline(recipe, batches, workers, first_epoch=3), epochs=2)
    assert len(rows) == 2 * len(batches)
    for i, row in enumerate(rows):
        epoch, batch = divmod(i, len(batches))
        for own, plain in zip(row, read_plainly(recipe, batches[batch], 3 + epoch), strict=True):
            assert own.dtype == plain.dtype
            assert np.array_equal(own, plain)


def test_each_iterator_begins_anew():
    dataset = build_pipeline(recipe_of(Pictures(16)), [range(8), range(8, 16)], 2)
    first, second = rows_of(dataset), rows_of(dataset, 2)
    for one, two in zip(first, second[:2], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(second[0][0], second[2][0])  # another epoch


def config_of(**data):
    return Config(data=DataConfig(batch_size=10, eval_batch_size=4, **data), train=TrainConfig(label_smoothing=0.1))


def test_a_data_set_to_train_with(picture_folder):
    dataset = create_dataset(str(picture_folder), True, config_of(mixup=0.8), PREPROCESSING)
    assert isinstance(dataset, ds.Dataset)
    assert dataset.get_col_names() == ["image", "label"]
    assert dataset.get_dataset_size() == 2  # of 24 pictures
    assert dataset.output_shapes() == [[10, 3, 8, 8], [10, 3]]
    rows = list(dataset.create_dict_iterator(num_epochs=1, output_numpy=True))
    assert len(rows) == 2
    for row in rows:
        assert (row["image"].dtype, row["label"].dtype) == (np.float32, np.float32)
        np.testing.assert_allclose(row["label"].sum(1), 1, rtol=1e-6)


def test_a_data_set_to_evaluate_with(picture_folder):
    dataset = create_dataset(str(picture_folder), False, config_of(), PREPROCESSING, classes=("red", "green", "blue"))
    assert dataset.get_dataset_size() == 3
    rows = list(dataset.create_dict_iterator(num_epochs=1, output_numpy=True))
    assert [row["image"].shape for row in rows] == [(4, 3, 8, 8), (4, 3, 8, 8), (1, 3, 8, 8)]
    labels = np.concatenate([row["label"] for row in rows])
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0]  # folders by name: blue, green, red


def test_it_goes_on_with_the_epoch_that_is_asked_for(picture_folder):
    from_start, later = (
        rows_of(create_dataset(str(picture_folder), True, config_of(), PREPROCESSING, first_epoch=epoch), 2)
        for epoch in (0, 1)
    )
    assert np.array_equal(from_start[2][0], later[0][0])
    assert not np.array_equal(from_start[0][0], later[0][0])


def test_ranks_share_the_pictures(picture_folder):
    parts = [
        rows_of(create_dataset(str(picture_folder), False, config_of(), PREPROCESSING, ranks=Ranks(rank, 2)))
        for rank in range(2)
    ]
    whole = rows_of(create_dataset(str(picture_folder), False, config_of(), PREPROCESSING))
    images = [np.concatenate([row[0] for row in rows]) for rows in (*parts, whole)]
    assert np.array_equal(images[0], images[2][::2])
    assert np.array_equal(images[1], images[2][1::2])


def test_what_follows_is_mindspores(picture_folder):
    dataset = create_dataset(str(picture_folder), False, config_of(), PREPROCESSING)
    dataset = dataset.map(lambda image: image * 0 + 1, "image").take(2).batch(2)
    ((images, labels),) = dataset.create_tuple_iterator(num_epochs=1, output_numpy=True)
    assert images.shape == (2, 4, 3, 8, 8)
    assert (images == 1).all()
    assert labels.shape == (2, 4)


def test_an_unreadable_picture_is_named(picture_folder):
    broken = picture_folder / "val" / "green" / "1.png"
    broken.write_bytes(b"no picture")
    dataset = create_dataset(str(picture_folder), False, config_of(), PREPROCESSING)
    with pytest.raises(RuntimeError, match=rf"{broken}: not a readable picture"):
        rows_of(dataset)


def test_fewer_pictures_than_a_batch_are_a_mistake_of_the_user(picture_folder):
    with pytest.raises(UserError, match="24 pictures are fewer than one step takes"):
        create_dataset(str(picture_folder), True, Config(), PREPROCESSING)
    with pytest.raises(UserError, match="6 pictures are fewer than one step takes"):
        create_dataset(str(picture_folder), True, config_of(per_class=2), PREPROCESSING)
