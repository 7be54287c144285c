"""What forms say about segments, and how answers show them.

Source: Open Loyalty 4.3, "Segments".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty.forms import BLANK, WRONG, Form
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.domain.purchases import money_number
from guerdon.domain.segments import BIRTHDAY, REGISTRATION, TYPES
from guerdon.store.definitions import Definition
from guerdon.store.segments import SegmentTotal

Fields = dict[str, Any]
_PERCENT_MAX = 100 * 10_000
_MOMENTS = ("fromDate", "toDate")


def body(visit: Visit, form: Form, before: Fields) -> Fields:
    """A segment's definition from the form `segment`, `before` an edit if it is one.

    Errors: InvalidForm from the form's `check`.
    """
    found: Fields = {
        "name": form.text("name"),
        "description": form.text("description", required=False, chars_max=limits.string_chars_max)
        or "",
    }
    parts = form.children("parts")
    if not parts:
        form.fail("parts", BLANK)
    found["parts"] = [_part(visit, each) for each in parts]
    if sum(len(part["criteria"]) for part in found["parts"]) > limits.segment_criteria_max:
        form.fail("parts", f"There can be {limits.segment_criteria_max} criteria.")
    return {**found, **form.kept(before)}


def _part(visit: Visit, form: Form) -> Fields:
    criteria = form.children("criteria")
    if not criteria:
        form.fail("criteria", BLANK)
    return {
        "segmentPartId": visit.engine.clock.uuid(),
        "criteria": [_criterion(visit, each) for each in criteria],
    }


def _criterion(visit: Visit, form: Form) -> Fields:
    type = form.choice("type", TYPES)  # noqa: A001 - the word of the wire format
    return {"criterionId": visit.engine.clock.uuid(), **_READERS[type](visit, form), "type": type}


def _anniversary(_visit: Visit, form: Form) -> Fields:
    return {
        "anniversaryType": form.choice("anniversaryType", (BIRTHDAY, REGISTRATION)),
        "days": form.whole("days", high=limits.segment_days_max),
    }


def _days(_visit: Visit, form: Form) -> Fields:
    return {"days": form.whole("days", high=limits.segment_days_max)}


def _count(_visit: Visit, form: Form) -> Fields:
    low, high = form.whole("min", required=False), form.whole("max", required=False)
    return _span(form, ("min", low), ("max", high))


def _amount(_visit: Visit, form: Form) -> Fields:
    low, high = form.money("fromAmount", required=False), form.money("toAmount", required=False)
    found = _span(form, ("fromAmount", low), ("toAmount", high))
    return {name: money_number(amount) for name, amount in found.items()}


def _period(_visit: Visit, form: Form) -> Fields:
    """Two moments, both included; a last day without an hour is meant whole."""
    low, high = form.moment("fromDate"), form.end("toDate")
    return _span(form, ("fromDate", low), ("toDate", high))


def _span(form: Form, low: tuple[str, int | None], high: tuple[str, int | None]) -> Fields:
    found = {name: value for name, value in (low, high) if value is not None}
    if not found:
        form.fail(low[0], BLANK)
    if low[1] is not None and high[1] is not None and low[1] > high[1]:
        form.fail(high[0], WRONG)
    return found


def _percent(_visit: Visit, form: Form) -> Fields:
    percent = form.percent("percent", high=_PERCENT_MAX)
    return {"posId": form.uuid("posId"), "percent": money_number(percent)}


def _ids(name: str) -> Callable[[Visit, Form], Fields]:
    return lambda _visit, form: _several(form, name, form.ids(name, required=True))


def _texts(name: str) -> Callable[[Visit, Form], Fields]:
    return lambda _visit, form: _several(form, name, form.texts(name, required=True))


def _labels(*, with_values: bool) -> Callable[[Visit, Form], Fields]:
    def read(_visit: Visit, form: Form) -> Fields:
        found = []
        for each in form.children("labels"):
            label = {"key": each.text("key")}
            if with_values:
                label["value"] = each.text("value")
            found.append(label)
        if not found:
            form.fail("labels", BLANK)
        return _several(form, "labels", found)

    return read


def _several(form: Form, name: str, values: list[Any]) -> Fields:
    if len(values) > limits.segment_values_max:
        form.fail(name, f"There can be {limits.segment_values_max} values.")
    return {name: values}


_READERS: dict[str, Callable[[Visit, Form], Fields]] = {
    "anniversary": _anniversary,
    "bought_in_pos": _ids("posIds"),
    "transaction_count": _count,
    "transaction_amount": _amount,
    "average_transaction_amount": _amount,
    "last_purchase_n_days_before": _days,
    "purchase_period": _period,
    "transaction_percent_in_pos": _percent,
    "bought_skus": _texts("skuIds"),
    "bought_makers": _texts("makers"),
    "bought_labels": _labels(with_values=True),
    "customer_has_labels": _labels(with_values=False),
    "customer_has_labels_with_values": _labels(with_values=True),
    "customer_list": _ids("customers"),
}


def shown(visit: Visit, segment: Definition, total: SegmentTotal) -> Fields:
    """A segment as answers show it, with what its members bought on average."""
    return {
        "segmentId": segment.definition_id,
        "name": segment.body["name"],
        "description": segment.body["description"],
        "active": segment.active,
        "parts": [
            {**part, "criteria": [_shown(visit, each) for each in part["criteria"]]}
            for part in segment.body["parts"]
        ],
        "createdAt": visit.date(segment.created_at),
        "customersCount": total.members,
        "averageTransactionAmount": _average(total.gross, total.purchases),
        "averageTransactions": _average(total.purchases * 10_000, total.members),
        "averageClv": _average(total.gross, total.members),
        "currency": visit.settings["programme.currency"],
    }


def _shown(visit: Visit, criterion: Fields) -> Fields:
    dates = {name: visit.date(criterion[name]) for name in _MOMENTS if name in criterion}
    return {**criterion, **dates}


def _average(amount: int, count: int) -> Any:
    """What one of so many comes to, in 1/10,000 rounded down, as a number."""
    return money_number(amount // count if count else 0)
