"""How long it takes, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .words import NOTHING, Facts, Figure, amount, days, interval, month, period, whole

SURE = 0.05


def shown(facts: Facts) -> Facts:
    names = {span["key"]: _name(span, facts) for span in facts["spans"]}
    return {
        "kpis": _kpis(facts),
        "has_chart": bool(facts["spans"]),
        "spans": [
            {
                "key": span["key"],
                "name": names[span["key"]],
                "title": _span_title(span, names[span["key"]]),
                "rows": [_cohort_row(cohort, facts["as_of"]) for cohort in reversed(span["cohorts"])],
            }
            for span in facts["spans"]
        ],
        "controls": [
            {**control, "title": _control_title(control), "rows": _slowest(control, facts["currency"])}
            for control in facts["controls"]
        ],
        "control_names": {"journey": _("from the beginning"), "sales": _("from the first day in sales")},
        "ageing_title": _ageing_title(facts),
        "ageing_rows": [_ageing_row(stage) for stage in facts["ageing"]],
        "window": period(facts["window"]),
        "reference": period(facts["reference"]),
    }


def _name(span: Facts, facts: Facts) -> str:
    if span["name"]:
        return span["name"]
    has_marketing = any(other["key"] == "sales" for other in facts["spans"])
    if span["key"] == "sales":
        return _("First day in sales to end")
    return _("Lead to end") if has_marketing else _("Beginning to end")


def _kpis(facts: Facts) -> list[Figure]:
    has_marketing = len(facts["controls"]) > 1
    labels = {"journey": _("Lead to order") if has_marketing else _("Beginning to order"), "sales": _("Sales to order")}
    figures = [Figure(labels[control["key"]], days(control["p50"]), _lines(control)) for control in facts["controls"]]
    overdue, still = (sum(stage[part] for stage in facts["ageing"]) for part in ("overdue", "open"))
    return [*figures, Figure(_("Past the 85 % line"), str(overdue), _("of %(n)s open") % {"n": still})]


def _lines(control: Facts) -> str:
    if control["p50"] is None:
        return _("not enough yet: needs 10 won in a year, has %(n)s") % {"n": control["n"]}
    words = {"p85": days(control["p85"]), "p95": days(control["p95"]), "n": control["n"]}
    return _("85 %%: %(p85)s, 95 %%: %(p95)s, of %(n)s won in a year") % words


def _control(control: Facts, currency: str) -> Facts:
    return {**control, "title": _control_title(control), "rows": _slowest(control, currency)}


def _span_title(span: Facts, name: str) -> str:
    median, before = days(span["median_days"]), days(span["reference_median_days"])
    words = {"name": name, "median": median, "before": before}
    if span["p"] is not None and span["p"] <= SURE and NOTHING not in (median, before):
        return _("%(name)s: %(median)s, it was %(before)s") % words
    if median == NOTHING:
        return _("%(name)s: not estimable yet") % words
    return _("%(name)s: half within %(median)s; no clear change") % words


def _cohort_row(cohort: Facts, as_of: str) -> Facts:
    median = _("not estimable") if cohort["median_days"] is None and cohort["n"] else days(cohort["median_days"])
    return {
        "month": month(cohort["start"]),
        "start": cohort["start"],
        "end": min(cohort["end"], as_of),
        "n": cohort["n"],
        "open": cohort["open"],
        "median": median,
        "interval": interval(cohort["median_low"], cohort["median_high"], whole),
        "p85": days(cohort["p85_days"]),
        "mean": NOTHING if cohort["mean_of_ended"] is None else f"{cohort['mean_of_ended']:.1f}",
    }


def _control_title(control: Facts) -> str:
    if control["p95"] is None:
        return _("Won cards one by one")
    beyond = sum(card["days"] > control["p95"] for card in control["finished"])
    return _("Half of the won took %(p50)s or less; %(n)s took more than %(p95)s") % {
        "p50": days(control["p50"]),
        "p95": days(control["p95"]),
        "n": beyond,
    }


def _slowest(control: Facts, currency: str) -> list[Facts]:
    slowest = sorted(control["finished"], key=lambda card: -card["days"])[:25]
    return [{**card, "on": period([card["on"]]), "value": amount(card["amount"], currency)} for card in slowest]


def _ageing_title(facts: Facts) -> str:
    overdue = sum(stage["overdue"] for stage in facts["ageing"])
    if not overdue:
        return _("No open card has waited longer than 85 % of its like")
    return ngettext(
        "%(n)s open card has waited longer than 85 %% of its like",
        "%(n)s open cards have waited longer than 85 %% of their like",
        overdue,
    ) % {"n": overdue}


def _ageing_row(stage: Facts) -> Facts:
    return {
        **stage,
        "line": None if stage["p85"] is None else int(stage["p85"]),
        "p50": days(stage["p50"]),
        "p85": days(stage["p85"]),
        "p95": days(stage["p95"]),
        "oldest": days(stage["waiting"][0]["days"]) if stage["waiting"] else NOTHING,
    }
