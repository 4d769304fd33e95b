"""Plots of reports, on matplotlib: `pip install access-advisor[plot]`.

Every function draws on `ax`, or on axes of its own, and returns the axes. Colours are those of Okabe and Ito, which colour-blind
people can tell apart.

>>> from access_advisor import plot
>>> plot.last_use(advisor).get_title()
'Last use of users and roles'
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from access_advisor import Advisor

__all__ = ["coverage", "last_use", "over_privilege"]

_USED = "#0072B2"
_GRANTED = "#C3CCD6"
_NEVER = "#D55E00"
_GAP = "#F3E4E0"
_MOST_LETTERS = 36

# The last day of each group, since the last use.
_AGES = [("7 days", 7), ("8 to 30", 30), ("31 to 90", 90), ("91 to 180", 180), ("older", None)]


def last_use(advisor: Advisor, *, ax: Axes | None = None) -> Axes:
    """Draws how many users and roles were last used how long ago."""
    ax = _axes(ax)
    counts = dict.fromkeys([label for label, _ in _AGES] + ["no use known"], 0)
    for identity in _identities(advisor):
        group = _age(advisor, identity)
        counts[group] = counts.get(group, 0) + 1
    colors = [_USED] * len(_AGES) + [_NEVER, _GRANTED]
    bars = ax.bar(list(counts), list(counts.values()), color=colors[: len(counts)])
    ax.bar_label(bars, [f"{count:,}" for count in counts.values()])
    ax.set(title="Last use of users and roles", xlabel="days since the last use", ylabel="users and roles")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return _plain(ax)


def over_privilege(advisor: Advisor, *, top: int = 15, ax: Axes | None = None) -> Axes:
    """Draws the users and roles with the most granted services that no use shows.

    Args:
        advisor: The advisor.
        top: How many of them.
        ax: The axes to draw on.
    """
    ax = _axes(ax)
    found = [it for it in _identities(advisor) if it["granted"] > it["used"]]
    found = sorted(found, key=lambda it: it["granted"] - it["used"], reverse=True)[:top]
    found.reverse()
    if not found:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "Every granted service is used.", ha="center", transform=ax.transAxes)
    names = [it["arn"].rsplit("/", 1)[-1] for it in found]
    # Names can be equal in several accounts.
    places = range(len(names))
    bars = ax.barh(places, [it["granted"] for it in found], color=_GRANTED, label="granted")
    ax.barh(places, [it["used"] for it in found], color=_USED, label="used")
    ax.bar_label(bars, [f"{it['used']} of {it['granted']} used" for it in found], padding=3, fontsize="small")
    ax.set_yticks(places, [_shortened(_printable(name)) for name in names], parse_math=False)
    ax.set_title("Granted services that no use shows", loc="left")
    ax.set_xlabel("services")
    ax.margins(x=0.14)
    ax.locator_params(axis="x", integer=True)
    # Above the bars, which can be as long as the plot is wide.
    if found:
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
    return _plain(ax)


def coverage(advisor: Advisor, *, ax: Axes | None = None) -> Axes:
    """Draws the days of the trail that were read, by account. Of the hatched days, nothing was read."""
    read = advisor.coverage()
    ax = _axes(ax, height=1.5 + 0.4 * len(read["Accounts"]))
    last = date.fromisoformat(read["Window"].split("/")[-1])
    first = _first(read["Window"], last - timedelta(days=400))
    # Dates are what matplotlib draws; its types know numbers only.
    whole: Any = (first, last - first + timedelta(days=1))
    accounts = read["Accounts"]
    for place, account in enumerate(accounts):
        ax.broken_barh([whole], (place - 0.4, 0.8), facecolors=_USED)
        gaps = [_run(gap, first) for gap in account["Gaps"]]
        runs: list[Any] = [(start, end - start + timedelta(days=1)) for start, end in gaps]
        ax.broken_barh(
            runs,
            (place - 0.4, 0.8),
            facecolors=_GAP,
            edgecolors="#8C6D6D",
            hatch="////",
            linewidth=0,
        )
    ax.set_yticks(range(len(accounts)), [f"{it['Account']}\n{it['DaysRead']} days" for it in accounts])
    ax.set(title="Days of the trail that were read", xlabel="hatched: not read", xlim=(whole[0], whole[0] + whole[1]))
    ax.invert_yaxis()
    return _plain(ax)


def _axes(ax: Axes | None, height: float = 4.5) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("this needs matplotlib: pip install access-advisor[plot]") from error
    return pyplot.subplots(figsize=(9, height), layout="constrained")[1]


def _plain(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _identities(advisor: Advisor) -> list[dict[str, Any]]:
    """Of every user and role: how many services are granted and used, and the day of the last use."""
    found: dict[str, dict[str, Any]] = {}
    columns = ["arn", "granularity", "granted", "last_accessed"]
    for row in advisor.reports().to_pyarrow().select(columns).to_pylist():
        if row["arn"].split(":", 5)[-1].split("/", 1)[0] not in ("user", "role"):
            continue
        identity = found.setdefault(row["arn"], {"arn": row["arn"], "granted": 0, "used": 0, "last": None})
        used = row["last_accessed"]
        if row["granularity"] == "SERVICE":
            if used is not None:
                identity["last"] = max(identity["last"] or used, used)
            if row["granted"]:
                identity["granted"] += 1
                identity["used"] += used is not None
    return list(found.values())


def _age(advisor: Advisor, identity: dict[str, Any]) -> str:
    last = identity["last"]
    if last is None:
        # Who has no policy, or denies only, has nothing to use.
        return "no use known" if identity["granted"] > 0 else "nothing granted"
    days = (advisor.now.date() - last.date()).days
    return next(label for label, end in _AGES if end is None or days <= end)


def _first(run: str, open_start: date) -> date:
    start = run.split("/")[0]
    return open_start if start == ".." else date.fromisoformat(start)


def _run(run: str, open_start: date) -> tuple[date, date]:
    return _first(run, open_start), date.fromisoformat(run.split("/")[-1])


def _shortened(name: str) -> str:
    """A name that leaves room for bars: what tells names apart is mostly at one of their ends."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 11]}...{name[-8:]}"


def _printable(text: str) -> str:
    return "".join(it if it.isprintable() else f"\\u{{{ord(it):x}}}" for it in text)
