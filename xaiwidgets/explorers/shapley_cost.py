"""What Shapley values cost: evaluations and seconds, measured here and predicted for more players."""

from xaiwidgets.explorers.shapley_tables import table

PREDICTED = (12, 16, 20, 30, 50)  # players
HIGH = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
UNITS = (("years", 31_557_600.0), ("days", 86_400.0), ("h", 3600.0), ("min", 60.0))


def duration(seconds: float) -> str:
    """A time as a person says it: 0.12 s, 3.5 min, 36,000 years."""
    if seconds < 0.0005:
        return "< 1 ms"
    for name, length in UNITS:
        if seconds >= 1.5 * length:
            return f"{count(float(f'{seconds / length:.2g}'))} {name}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def count(amount: float) -> str:
    """A count with thousands set apart, or in powers of ten."""
    if amount < 100 and amount != round(amount):
        return f"{amount:.2g}"
    if amount < 1e7:
        return f"{round(amount):,}"
    digits, power = f"{amount:.1e}".split("e")
    return f"{digits} · 10{str(int(power)).translate(HIGH)}"


def cost_table(players: int, orders: int, each: float) -> str:
    """All coalitions against `orders`, here and for more players; `each` evaluation takes so many seconds."""
    rows = []
    for n in sorted({players, *(n for n in PREDICTED if n > players)}):
        here = " (here)" if n == players else ""
        sampled = 2 + orders * (n - 1)  # nobody and everybody are asked about once
        rows.append([f"{n}{here}", count(2.0**n), duration(2.0**n * each), count(sampled), duration(sampled * each)])
    head = ["players", "2ᴺ", "time", "orders", "time"]
    return table(f"What N players cost: all coalitions, or {orders} orders", head, rows, here=0)
