# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tables 2 to 5 of Aug-ViT: what counting gives, what agrees with the paper, and a reason for what doesn't."""

import json

import pytest

from src.analysis.papers.augvit import ENTRIES, TABLE_2, TABLE_3, TABLE_4, TABLE_5
from src.analysis.papers.comparison import Figure, compare, render

# millions of parameters and billions of MACs, counted by hand from the formulas
COUNTED = {
    2: [
        *((22.0507, 4.5989), (22.1244, 4.6758), (86.5677, 17.5638), (86.7151, 17.7321)),
        *((86.8595, 55.4844), (87.0070, 55.9772), (24.4859, 3.8157), (24.5524, 3.9210)),
        *((44.2081, 6.6592), (44.3361, 6.8266), (21.5456, 4.7835), (21.6316, 4.8732)),
        *((39.1774, 8.4797), (39.3136, 8.6247), (64.1059, 13.6619), (64.3025, 13.8749)),
    ],
    3: [(22.0507, 4.5989), (0.0369, 0.0384), (0.0737, 0.0769), (0.1106, 0.1153)],
    4: [(22.0507, 4.5989), (0.0369, 0.0384), (0.0369, 0.0384), (0.0737, 0.0769)],
    5: [(22.0507, 4.5989), (0.0184, 0.0696), (0.0369, 0.0696), (0.0737, 0.0769), (0.1475, 0.0987), (7.0779, 1.3943)],
}


@pytest.fixture(scope="module")
def comparisons(_device):
    return compare(ENTRIES)


def test_the_rows_are_those_of_the_paper():
    assert [len(table) for table in (TABLE_2, TABLE_3, TABLE_4, TABLE_5)] == [16, 4, 4, 6]
    assert [(entry.parameters, entry.macs) for entry in TABLE_5] == [
        *(("22.1", "4.6"), ("+0.02", "+0.07"), ("+0.03", "+0.07"), ("+0.07", "+0.08"), ("+0.15", "+0.10")),
        ("+7.1", "+1.4"),
    ]


def test_counting_gives_what_the_formulas_give(comparisons):
    found = {number: [row for row in comparisons if row.entry.table == number] for number in COUNTED}
    for number, rows in COUNTED.items():
        counted = [value for row in found[number] for value in (row.parameters.counted, row.macs.counted)]
        assert counted == pytest.approx([value for row in rows for value in row], abs=6e-5), number


def test_exactly_what_does_not_agree_has_a_reason(comparisons):
    for row in comparisons:
        for figure in (row.parameters, row.macs):
            assert figure.agrees == (not figure.reason), (row.entry.label, figure)


def test_the_reasons_add_up(comparisons):
    by_label = {row.entry.label: row for row in comparisons if row.entry.table == 2}
    for size, printed in ((14, 5.3), (19, 9.0), (24, 14.3)):
        plain, augmented = by_label[f"T2T-{size}"], by_label[f"Aug-T2T-{size}"]
        added = augmented.macs.counted - plain.macs.counted
        assert round(float(plain.macs.printed) + added, 1) == printed
        assert f"{added:.3f}" in augmented.macs.reason
    large = by_label["Aug-ViT-B, 384"].macs.counted - by_label["ViT(DeiT)-B, 384"].macs.counted
    assert (f"{large:.3f}", f"{large / 2:.3f}") == ("0.493", "0.246")
    for name, tokens in (("ViT(DeiT)-B", 197), ("ViT(DeiT)-B, 384", 577)):
        assert round(by_label[name].parameters.counted - (tokens + 1) * 768 / 1e6, 3) == 86.416


def test_our_networks_learn_biases_beside_what_the_paper_counts(comparisons):
    two_paths = next(row for row in comparisons if row.entry.label == "2 paths")
    assert two_paths.with_biases - two_paths.parameters.counted == pytest.approx(2 * 2 * 12 * 384 / 1e6)


def test_agreement_is_at_the_printed_precision():
    assert Figure("22.1", 22.1499, "").agrees
    assert not Figure("22.1", 22.1501, "").agrees
    assert Figure("+0.10", 0.0987, "").agrees
    assert Figure("+0.10", 0.0987, "").texts() == ("+0.10", "+0.0987", "-0.0013", "yes")


def test_every_row_and_reason_is_shown(comparisons):
    for markdown in (False, True):
        shown = render(comparisons, markdown)
        for row in comparisons:
            assert row.entry.label in shown
            assert row.parameters.reason in shown
            assert row.macs.reason in shown
        assert "42 of 60 figures agree" in shown
    report = json.loads(json.dumps([row.report() for row in comparisons]))
    assert report[1]["parameters_millions"]["paper"] == "22.2"
    assert not report[1]["parameters_millions"]["agrees"]
