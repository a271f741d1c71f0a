"""Small words of the templates: icons, money, days, people."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import template
from django.db.models import DateField, DecimalField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation import money as amounts
from pipeline_crm.foundation import requests
from pipeline_crm.foundation.within_request import kept

register = template.Library()
ACTIVITY_ICONS = {
    "call": "phone",
    "email": "mail",
    "meeting": "calendar",
    "task": "check",
    "note": "message-square",
}


@register.simple_tag
def request_id() -> SafeString:
    """A key for a form whose view is `@once`: sent twice, it acts once."""
    return format_html('<input type="hidden" name="{}" value="{}">', requests.FIELD, uuid4())


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers: the words beside it say the same."""
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        " " if classes else "",
        classes,
        kept("icons", lambda: static("icons.svg")),
        name,
    )


@register.filter
def money(amount: Decimal | None, currency: str = "EUR") -> str:
    return amounts.in_full(amount, currency)


@register.filter
def money_whole(amount: Decimal | None, currency: str = "EUR") -> str:
    """€10 700 without cents, for sums and estimates."""
    return amounts.in_full(None if amount is None else round(Decimal(amount)), currency)


@register.filter
def money_short(amount: Decimal | None, currency: str = "EUR") -> str:
    return amounts.in_short(amount, currency)


@register.filter
def percent(share: float | None) -> str:
    """0.5 as 50 %, with a thin space; a dash when unknown."""
    return "–" if share is None else f"{round(100 * float(share))}{amounts.THIN_SPACE}%"


@register.filter
def days(number: float | None) -> str:
    """3 d, in as few letters as a card has room for; a dash when unknown."""
    return "–" if number is None else _("%(n)s d") % {"n": int(number)}


@register.filter
def in_days(number: float | None) -> str:
    """3 days, in words."""
    n = round(number or 0)
    return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}


@register.filter
def day(value: date | datetime | None) -> str:
    """5 Dec, or 5 Dec 2027 when it is not this year."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return date_format(value, "j M" if value.year == timezone.localdate().year else "j M Y")


@register.filter
def moment(value: datetime | None) -> str:
    """5 Dec, 14:20 in the viewer's time zone."""
    return "–" if value is None else f"{day(value)}, {date_format(timezone.localtime(value), 'H:i')}"


@register.filter
def due_words(activity: Any) -> str:
    """When a next step of a dressed card is due: Today, Tomorrow, 4 d overdue, or the day."""
    left = activity.days_left
    if left < 0:
        return _("%(n)s d overdue") % {"n": -left}
    if left < 2:
        return _("Tomorrow") if left else _("Today")
    return day(activity.due_on)


@register.filter
def activity_icon(kind: str) -> str:
    return ACTIVITY_ICONS.get(kind, "circle-alert")


@register.simple_tag
def avatar(user: Any, *, named: bool = True) -> SafeString:
    """The owner's initials in their colour; a dashed circle when there is none."""
    if user is None:
        return format_html(
            '<span class="av none" title="{}"><span aria-hidden="true">–</span><span class="sr">{}</span></span>',
            _("No owner"),
            _("No owner"),
        )
    if not named:
        return format_html('<span class="av av-{}" aria-hidden="true">{}</span>', user.colour, user.initials)
    return format_html(
        '<span class="av av-{}" title="{}"><span aria-hidden="true">{}</span><span class="sr">{}</span></span>',
        user.colour,
        user,
        user.initials,
        _("Owner %(name)s") % {"name": user},
    )


@register.filter
def ramp(index: int, among: Any) -> str:
    """Which of the five shades a stage has among those, a number or a list: light for the first, deep for the last."""
    count = among if isinstance(among, int) else len(among)
    return f"s{1 + round((min(index, count) - 1) * 4 / max(1, count - 1))}"


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def field(form: Any, name: str) -> Any:
    """A form's field by its name, for templates that go through some of them."""
    return form[name]


@register.filter
def any_error(form: Any, names: str) -> bool:
    """Whether one of these fields of the form was refused."""
    return any(name in form.errors for name in names.split())


@register.filter
def as_seen(field: Any) -> str:
    """A hidden field that sends along what the field holds now (`RememberingForm`)."""
    return field.as_hidden(only_initial=True)


@register.filter
def is_contested(form: Any, names: str) -> bool:
    """Whether somebody else changed one of these fields since the form was shown."""
    return any(name in form.contested for name in names.split())


@register.filter
def contested_by(form: Any, names: str) -> Any:
    """Who changed one of these fields since the form was shown; None when that is not known."""
    return next((form.contested[name] for name in names.split() if form.contested.get(name)), None)


@register.simple_tag
def address(filter: Any, **changes: Any) -> str:
    """The page's address with its filter changed: {% address filter mine=1 %}."""
    return "?" + filter.query(**changes)


@register.filter
def changed_to(change: Any) -> str:
    """The new value of a changed field in words: a name for an id, money for an amount, a day for a date."""
    card = getattr(change, "deal", None) or change.lead
    field, value = card._meta.get_field(change.field), change.after
    if field.is_relation:
        return str(field.related_model._default_manager.filter(pk=value).first() or value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if field.choices:
        return str(dict(field.choices).get(value, value))
    if isinstance(field, DecimalField):
        return amounts.in_full(Decimal(str(value)), card.currency)
    return day(date.fromisoformat(value)) if isinstance(field, DateField) else str(value)
