"""The picture that --chart writes: how many times as long, or as much memory, the peers take."""
import matplotlib

matplotlib.use("Agg")
from matplotlib import patheffects, pyplot  # noqa: E402

#: Of the peers, in the order of the engines; they differ in lightness too.
COLORS = ["#1f5a8c", "#e09f3e"]
BAR_HEIGHT = 0.36


def write_chart(path, tables, title, panels):
    """`panels`: the key of each ratio in the rows, and what it says. `title`: lines."""
    height = 1.3 + 0.25 * len(title) + 0.75 * len(tables)
    figure, axes = pyplot.subplots(1, len(panels), figsize=(9, height), squeeze=False, sharey=True, layout="constrained")
    for axis, (key, label) in zip(axes[0], panels.items()):
        draw_bars(axis, tables, key)
        axis.set_xlabel(label)
    figure.suptitle("\n".join(title), fontsize=9)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def draw_bars(axis, tables, key):
    """A group for each network, from top to bottom, with a bar for each peer, and a line where it equals mtl-infer."""
    peers = [row["engine"] for row in next(iter(tables.values())) if row["engine"] != "mtl-infer"]
    for index, peer in enumerate(peers):
        ratios = [next(row[key] for row in rows if row["engine"] == peer) for rows in tables.values()]
        places = [place + (index - (len(peers) - 1) / 2) * BAR_HEIGHT for place in range(len(tables))]
        bars = axis.barh(places, ratios, BAR_HEIGHT * 0.92, color=COLORS[index % len(COLORS)], label=peer)
        for label in axis.bar_label(bars, fmt="%.2f", padding=3, fontsize=8):
            # Legible where the line at 1 runs through it.
            label.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
    axis.axvline(1, color="black", linewidth=1)
    axis.set_yticks(range(len(tables)), list(tables))
    axis.set_ylim(len(tables) - 0.5, -0.5)
    axis.margins(x=0.12)
    axis.set_xlim(left=0)
    axis.spines[["top", "right"]].set_visible(False)
