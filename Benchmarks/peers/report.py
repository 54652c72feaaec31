"""What is printed, and the table that --table writes."""
import os
import platform

from .engines import version


def processor_name():
    """As the system names it."""
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def engine_versions(names, tables):
    """'mtl-infer 0.1.0 (avx2), onnxruntime 1.32.0': with the instruction set that ours used."""
    own = next(iter(tables.values()))[0]
    return ", ".join(f"{name} {version(name)}" + (f" ({own['computes_with']})" if name == "mtl-infer" else "") for name in names)


def conditions(tables, arguments):
    """Lines on what was compared, where and with what."""
    rows = next(iter(tables.values()))
    mode = "cold start" if arguments.cold else "single tasks" if arguments.single_tasks else "steady"
    return [f"{arguments.precision}, batch 1, {arguments.threads} thread(s), {mode}, medians of {arguments.rounds} rounds",
            f"{processor_name()} ({os.cpu_count()} processors)",
            engine_versions([row["engine"] for row in rows], tables)]


def agreement_text(row):
    if "correlation" in row:
        return f"correlation with the definition {row['correlation']:.4f}"
    return f"largest difference {row['largest_difference']:.1e} of the range"


def print_rows(network, rows, arguments):
    """A line for each engine; of single tasks, one for each task and one for all."""
    print(f"{network}, {arguments.precision}, {arguments.threads} thread(s), {arguments.rounds} rounds")
    for row in rows:
        if arguments.single_tasks:
            for task, milliseconds in row["each_ms"].items():
                print(f"{task:12s} {milliseconds:9.3f} ms")
            print(f"{'all':12s} {row['all_ms']:9.3f} ms   all / sum of single tasks {row['ratio']:.2f}   {agreement_text(row)}",
                  flush=True)
            continue
        memory = f"   {row['peak_mib']:7.1f} MiB   peer / mtl-infer {row['memory_ratio']:.2f}" if arguments.cold else ""
        computes_with = f"   {row['computes_with']}" if "computes_with" in row else ""
        print(f"{row['engine']:12s} {row['median_ms']:9.3f} ms   peer / mtl-infer {row['ratio']:.2f}{memory}   "
              f"{agreement_text(row)}{computes_with}", flush=True)


def columns(arguments):
    """Titles of the table's columns, and what stands in them: functions of a row."""
    if arguments.single_tasks:
        return {"all tasks": lambda row: f"{row['all_ms']:.2f} ms",
                "each task alone": lambda row: ", ".join(f"{task} {ms:.2f} ms" for task, ms in row["each_ms"].items()),
                "all / sum": lambda row: f"{row['ratio']:.2f}", "agreement": agreement_text}
    times = {"engine": lambda row: row["engine"],
             "first result" if arguments.cold else "time": lambda row: f"{row['median_ms']:.2f} ms",
             "peer / mtl-infer": lambda row: f"{row['ratio']:.2f}"}
    memory = {"peak memory": lambda row: f"{row['peak_mib']:.1f} MiB",
              "peer / mtl-infer, memory": lambda row: f"{row['memory_ratio']:.2f}"}
    return {**times, **(memory if arguments.cold else {}), "computes with": lambda row: row.get("computes_with", ""),
            "agreement": agreement_text}


def write_table(path, tables, peaks, arguments):
    """Markdown: the conditions, and a line for each network and engine with the peak rate of those minutes."""
    cells = columns(arguments)
    titles = ["network", *cells, "peak of float32"]
    lines = [f"* {line}" for line in conditions(tables, arguments)]
    lines += ["", "| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for network, rows in tables.items():
        for row in rows:
            values = [network, *(cell(row) for cell in cells.values()), f"{peaks[network]:.1f} GMAC/s"]
            lines.append("| " + " | ".join(values) + " |")
    path.write_text("\n".join(lines) + "\n")
