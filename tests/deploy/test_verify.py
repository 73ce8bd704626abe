# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the comparison of a file with its network finds."""

from dataclasses import replace

import numpy as np
import pytest

from src.checkpoint.record import Description
from src.data.picture_files import read_picture
from src.deploy.classifier import Classifier
from src.deploy.verify import BATCHES, BOUNDS, Bound, Difference, Verification, difference, draw_pictures, verify
from src.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(size=16, resize=20)
SAME = Difference(0.0, 0.0, 1.0, 7)


def corners(images):
    """Return logits (B, 3) of normalised images (B, 3, H, W)."""
    return images[:, :, 3, 5] + images.mean(axis=(2, 3))


def classifier(logits=corners, **changes):
    return Classifier(logits, Description(preprocessing=replace(PREPROCESSING, **changes)))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("pictures"))


def test_drawn_pictures_have_many_sizes_and_both_formats(pictures):
    assert {path.suffix for path in pictures} == {".jpg", ".png"}
    assert len({read_picture(path).size for path in pictures}) == 8


def test_what_is_the_same_does_not_differ(pictures):
    found = verify(classifier(), classifier(), pictures)
    assert list(found.noise) == list(BATCHES)
    assert [one.pictures for one in found.noise.values()] == list(BATCHES)
    assert all(one.absolute == 0 and one.agreement == 1 for one in (*found.noise.values(), found.pictures))
    assert found.pictures.pictures == len(pictures)


@pytest.mark.parametrize(
    ("changes", "noise_differs"),
    [({"mean": (0.485, 0.456, 0.41)}, True), ({"std": (0.23, 0.224, 0.225)}, True), ({"resize": 21}, False)],
)
def test_other_preprocessing_shows(changes, noise_differs, pictures):
    found = verify(classifier(**changes), classifier(), pictures)
    assert found.pictures.absolute > 1e-2
    assert (found.noise[1].absolute > 1e-4) == noise_differs  # noise has the right size as it is
    assert found.fault(BOUNDS["float32"])


def test_a_fault_in_one_picture_of_the_largest_batch_shows(pictures):
    def faulty(images):
        logits = corners(images).copy()
        logits[6:7] += 1e-3  # of seven
        return logits

    found = verify(classifier(faulty), classifier(), pictures[:3])
    assert (found.noise[1].absolute, found.noise[2].absolute, found.pictures.absolute) == (0, 0, 0)
    assert found.fault(BOUNDS["float32"]).startswith("noise in batches of 7: logits differ by 1.00e-03")


def test_difference_by_hand():
    found = difference(np.array([[1.0, 2.0], [5.0, 4.5]]), np.array([[1.0, 2.5], [4.0, 5.0]]))
    assert found == Difference(absolute=1.0, relative=0.2, agreement=0.5, pictures=2)


@pytest.mark.parametrize(
    ("noise", "pictures", "bound", "said"),
    [
        (SAME, SAME, Bound(0.0, 0.0, 1.0), ""),
        (replace(SAME, absolute=0.2), SAME, Bound(0.1, 1.0, 0.0), "noise in batches of 2: logits differ by 2.00e-01"),
        (
            replace(SAME, absolute=float("nan")),
            SAME,
            Bound(0.1, 1.0, 0.0),
            "noise in batches of 2: logits differ by nan",
        ),
        (SAME, replace(SAME, relative=0.2), Bound(1.0, 0.1, 0.0), "pictures: logits differ by 20.0% of the largest"),
        (
            SAME,
            replace(SAME, agreement=5 / 7),
            Bound(1.0, 1.0, 0.95),
            "pictures: 71.4% in the same class, at least 95%",
        ),
        (SAME, replace(SAME, agreement=6 / 7), Bound(1.0, 1.0, 0.95), ""),  # one of seven, perhaps a tie
        (SAME, Difference(0.0, 0.0, 0.95, 100), Bound(1.0, 1.0, 0.95), ""),
        (SAME, Difference(0.0, 0.0, 0.94, 100), Bound(1.0, 1.0, 0.95), "pictures: 94.0% in the same class"),
        (replace(SAME, agreement=0.5), SAME, Bound(1.0, 1.0, 0.95), ""),  # classes of noise say nothing
    ],
)
def test_what_a_fault_is(noise, pictures, bound, said):
    found = Verification({2: noise}, pictures).fault(bound)
    assert found.startswith(said)
    assert bool(found) == bool(said)
