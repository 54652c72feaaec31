"""Whether the engines computed the same thing: a ratio to an engine that did not would mean nothing."""
import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Of an output's range, between engines that compute in float32.
LARGEST_DIFFERENCE = 1e-4
#: The same of bf16 to float32: it has 8 bits, and roundings add up over the layers.
LARGEST_BF16_DIFFERENCE = 0.05
#: How much less than the best peer's the correlation with a QDQ file's definition may be.
CORRELATION_MARGIN = 0.005


def agreement(folder, name, precision):
    """What a row tells of an engine's outputs: in float32 against mtl-infer's, in bf16 against PyTorch's in float32, in
    int8 against the definition of the QDQ file."""
    if precision == "int8":
        return {"correlation": lowest_correlation(folder / f"{name}.npz", folder / "definition.npz")}
    reference = "float32" if precision == "bf16" else "mtl-infer"
    return {"largest_difference": largest_difference(folder / f"{name}.npz", folder / f"{reference}.npz")}


def largest_difference(path, reference_path):
    """Of any output's elements, relative to the output's range."""
    outputs, reference = np.load(path), np.load(reference_path)
    return max(float(np.abs(reference[key] - outputs[key]).max() / max(np.ptp(reference[key]), 1e-3)) for key in reference)


def lowest_correlation(path, definition_path):
    """Of any output with the QDQ file's definition."""
    outputs, definition = np.load(path), np.load(definition_path)
    return min(float(np.corrcoef(outputs[key].ravel(), definition[key].ravel())[0, 1]) for key in definition)


def problems_of(network, rows, precision):
    """Sentences on outputs that differ too much."""
    if precision == "int8":
        own, best = rows[0]["correlation"], max(row["correlation"] for row in rows)
        is_right = own >= best - CORRELATION_MARGIN
        return [] if is_right else [f"{network}: correlation {own:.4f} with the file's definition, a peer's is {best:.4f}"]
    if precision == "bf16":
        # Networks differ in what bf16 costs them; where a peer's outputs are further off, so may be ours.
        own, limit = rows[:1], max([LARGEST_BF16_DIFFERENCE, *(row["largest_difference"] for row in rows[1:])])
        return too_different(network, own, limit)
    return too_different(network, rows, LARGEST_DIFFERENCE)


def too_different(network, rows, limit):
    return [f"{network}, {row['engine']}: outputs differ by {row['largest_difference']:.1e} of their range" for row in rows
            if not row["largest_difference"] <= limit]


def slow_ones(network, rows):
    """Sentences on ratios below the thresholds, which are those of steady runs in float32."""
    thresholds = json.loads((ROOT / "Benchmarks/thresholds.json").read_text()).get(network, {})
    return [f"{network}, {row['engine']}: ratio {row['ratio']:.2f} is below {thresholds[row['engine']]}" for row in rows
            if row["ratio"] < thresholds.get(row["engine"], 0)]
