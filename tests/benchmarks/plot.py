"""The ratios as a picture, in SVG."""

from pathlib import Path

from matplotlib.figure import Figure as Canvas

from tests.benchmarks.report import BASE, Figure


def draw(measured: list[Figure], target: Path) -> None:
    """Throughput times naive for each piece of work, from the most connections that it was measured with."""
    most = {one.work: max(each.connections for each in measured if each.work == one.work) for one in measured}
    shown = [one for one in measured if one.connections == most[one.work] and one.ratio is not None]
    servers = list(dict.fromkeys(one.server for one in shown if one.server != BASE))
    canvas = Canvas(figsize=(9, 4), layout="constrained")
    axes = canvas.subplots()
    width = 0.8 / max(1, len(servers))
    for number, server in enumerate(servers):
        heights = {one.work: one.ratio for one in shown if one.server == server}
        places = [place + (number - (len(servers) - 1) / 2) * width for place in range(len(most))]
        bars = axes.bar(places, [heights.get(work) or 0 for work in most], width, label=server)
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.axhline(1, color="gray", linewidth=1, label=BASE)
    axes.set_xticks(range(len(most)), [f"{work}@{many}" for work, many in most.items()])
    axes.set_ylabel(f"requests per second, times {BASE}")
    axes.legend()
    canvas.savefig(target, format="svg")
