"""Times mtl-infer against ONNX Runtime and OpenVINO on the same networks, weights and inputs.

    python compare_peers.py [--precision fp32|bf16|int8] [--cold | --single-tasks] [--threads N] [--rounds N] [--seconds S]
        [--isa scalar|avx2|avx512|avx512vnni|avx512bf16|amx] [--json] [--table FILE.md] [--chart FILE.png] [NETWORK...]

Every engine runs in a process of its own, pinned to as many cores as it has threads, in turn, for several rounds. Ratios
are taken within a round, because the machine's speed drifts between rounds. Networks other than fingers have seeded random
weights; their definitions are those of Tests/Conformance, but for mobile-heads, which no recipe knows: there all engines run
the ONNX file.

In int8 all three run one QDQ file, which ONNX Runtime's own quantizer makes (8-bit weights for each output channel, values
of 8 bits without sign). The rounding of one layer is the next one's input, so that outputs of random weights drift apart;
what is compared is the correlation with the file's definition, which ONNX Runtime computes with its optimisations off.

In bf16 ours runs what `mtl-infer compile --precision bf16` writes, OpenVINO gets a hint, and ONNX Runtime, which has no
bf16 on processors, runs float32. What is compared is the difference from PyTorch's outputs in float32. Without instructions
for bf16 engines compute in float32; the report says which instruction set ours and which precision the peers used.

With --cold the time is that of a fresh process from before it opens the file to its first result, without the import of the
engine's module, and the memory its peak less that of an interpreter with numpy alone. Ours opens a .mtl compiled from the
ONNX file that the peers open. With --single-tasks all tasks of a network in one run are timed against the sum of runs of each
task alone, with mtl-infer only.
"""
import argparse
import json
import pathlib
import tempfile

from peers.checks import problems_of, slow_ones
from peers.engines import available_engines
from peers.networks import NETWORKS, make_files
from peers.report import conditions, print_rows, write_table
from peers.rounds import compare, compare_tasks, peak_rate


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all if left out")
    parser.add_argument("--precision", choices=["fp32", "bf16", "int8"], default="fp32")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--cold", action="store_true", help="time to the first result of a fresh process, and its peak memory")
    mode.add_argument("--single-tasks", action="store_true", help="mtl-infer alone: all tasks / sum of single tasks")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="per engine and round")
    parser.add_argument("--isa", help="cap of mtl-infer's instruction set; the peers are not capped")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE.md", help="writes a table with machine and versions")
    parser.add_argument("--chart", type=pathlib.Path, metavar="FILE.png|svg", help="draws the ratios; wants matplotlib")
    arguments = parser.parse_args()
    unknown = set(arguments.networks) - set(NETWORKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NETWORKS)}")
    if arguments.chart and arguments.single_tasks:
        parser.error("--chart draws ratios to peers, of which --single-tasks has none")
    if arguments.chart and len(available_engines()) == 1:
        parser.error("--chart draws ratios to peers, of which none is installed")
    return arguments


def measure_network(network, arguments):
    """The rows of a network and what is wrong with them; no rows if it has too few tasks."""
    with tempfile.TemporaryDirectory() as name:
        files = make_files(network, pathlib.Path(name), arguments.precision, arguments.cold)
        if arguments.single_tasks:
            rows = compare_tasks(files, arguments) if len(files.names) > 1 else []
            return rows, problems_of(network, rows, "fp32")
        rows = compare(files, arguments)
    problems = problems_of(network, rows, arguments.precision)
    if arguments.precision == "fp32" and not arguments.cold:
        problems += slow_ones(network, rows)
    return rows, problems


def main():
    arguments = parse()
    if arguments.chart:
        # Before hours of measuring: matplotlib may be missing.
        from peers.chart import write_chart
    tables, peaks, problems = {}, {}, []
    for network in arguments.networks or NETWORKS:
        if arguments.table:
            peaks[network] = peak_rate(arguments)
        rows, wrong = measure_network(network, arguments)
        problems += wrong
        if rows:
            tables[network] = rows
            if not arguments.json:
                print_rows(network, rows, arguments)
        elif not arguments.json:
            print(f"{network}: one task, left out")
    if arguments.json:
        print(json.dumps(tables, indent=2))
    if arguments.table and tables:
        write_table(arguments.table, tables, peaks, arguments)
    if arguments.chart:
        panels = {"ratio": "time to the first result, peer / mtl-infer" if arguments.cold else "time, peer / mtl-infer"}
        if arguments.cold:
            panels["memory_ratio"] = "peak memory, peer / mtl-infer"
        write_chart(arguments.chart, tables, conditions(tables, arguments), panels)
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
