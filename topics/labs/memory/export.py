"""An estimate as CSV: the lines with formulas, and every moment of every stage."""

from __future__ import annotations

import csv
import io

from topics.labs.memory.estimate import Estimate
from topics.labs.memory.lines import KEYS


def lines_csv(answer: Estimate) -> str:
    """One row per amount: bytes in full and at the peak, formula, numbers, source."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["amount", "bytes", "bytes_at_peak", "formula", "numbers", "source"])
    for line in answer.lines:
        writer.writerow(
            [line.key, line.bytes, line.at_peak, line.formula, line.numbers, line.source]
        )
    writer.writerow(["total", answer.total, answer.total, "", "", ""])
    return out.getvalue()


def moments_csv(answer: Estimate) -> str:
    """One row per stage and moment, with the bytes of each kind."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["stage", "moment", *KEYS, "total"])
    for stage in answer.stages:
        for moment in stage.moments:
            amounts = stage.at(moment)
            row = [amounts[key] for key in KEYS]
            writer.writerow([stage.index, moment.name, *row, sum(row)])
    return out.getvalue()
