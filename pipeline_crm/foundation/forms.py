"""How forms look and read: one template for a field, one renderer for all forms."""

import re
from datetime import datetime, time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.append_only import LARGEST_AMOUNT


class Renderer(TemplatesSetting):
    form_template_name = "components/_form.html"
    field_template_name = "components/_field.html"


class TimeZoneField(forms.ChoiceField):
    """A time zone by its name in the IANA list."""

    def __init__(self, *, empty_label: Any = None, **kwargs: Any) -> None:
        names = sorted(
            name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
        )
        choices = [(name, name.replace("_", " ")) for name in ["UTC", *names]]
        super().__init__(choices=[("", empty_label), *choices] if empty_label else choices, **kwargs)


class PlainTextField(forms.CharField):
    """One line of text without control characters, which PostgreSQL or a spreadsheet would stumble over."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in text or ""):
            raise forms.ValidationError(_("Please use letters, digits and signs only."), code="control_characters")
        return text


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WhenField(forms.DateField):
    """The day something happened. Cleans to noon of that day; nothing cleans to None, and so does today, which then
    means now, unless `today_is_now` is off."""

    def __init__(self, *, today_is_now: bool = True, **kwargs: Any) -> None:
        self.today_is_now = today_is_now
        super().__init__(**({"required": False, "widget": date_input(), "label": _("When")} | kwargs))

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day is None or (self.today_is_now and day == timezone.localdate()):
            return None
        return timezone.make_aware(datetime.combine(day, time(12)))


class AmountField(forms.DecimalField):
    """An amount of money: not negative, two decimals; 12 500, 12,500 and 12'500 are the same."""

    grouped = re.compile(r"[0-9]{1,3}(?:([,'’])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?")

    def __init__(self, **kwargs: Any) -> None:
        limits = {"max_digits": 18, "decimal_places": 2, "min_value": 0, "max_value": LARGEST_AMOUNT}
        look = {"required": False, "label": _("Value"), "widget": forms.TextInput(attrs={"inputmode": "decimal"})}
        super().__init__(**(limits | look | kwargs))

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split())
            if groups := self.grouped.fullmatch(value):
                value = value.replace(groups[1], "")
        return super().to_python(value)


class RememberingForm(forms.ModelForm):
    """A form whose fields send along what they held when they were shown (`{{ field|as_seen }}`), so that two people
    who change the same card disturb one another only where both changed the same."""

    contested: dict[str, Any] = {}  # field → who changed it meanwhile

    def seen(self) -> dict[str, Any]:
        """What the fields held when they were shown, cleaned as what was sent is; nothing for those that do not say."""
        said = {name: self.data[self.add_initial_prefix(name)] for name in self.fields if self._says(name)}
        shown = type(self)(said, instance=self.instance)
        shown.fields = {name: field for name, field in shown.fields.items() if name in said}
        shown.is_valid()
        return shown.cleaned_data

    def against(self, fresh: Any, by: dict[str, Any]) -> "RememberingForm":
        """The same form, still holding what was typed, over the card as it is now; sent again it overrules `by`."""
        now, data = type(self)(instance=fresh), self.data.copy()
        for name in self.fields:
            value = now.initial.get(name)
            data[self.add_initial_prefix(name)] = "" if value is None else str(value)
        form = type(self)(data, instance=fresh, auto_id=self.auto_id)
        form.fields = {name: field for name, field in form.fields.items() if name in self.fields}
        form.contested = by
        return form

    def _says(self, name: str) -> bool:
        return self.add_initial_prefix(name) in self.data


class CardsForm(forms.Form):
    """Which cards, as often `card=<id>:<version seen>` as there are cards, and what is to happen to them.

    `NEEDS` names, for each act, the fields it cannot do without.
    """

    NEEDS: dict[str, list[str]] = {}
    _card = re.compile(r"([0-9]{1,18})(?::([0-9]{1,9}))?")

    action = forms.ChoiceField(choices=[])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [(act, act) for act in self.NEEDS]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        read = [self._card.fullmatch(card) for card in self.data.getlist("card")]
        if not read or not all(read):
            raise forms.ValidationError(_("Choose the cards first."))
        data["cards"] = [(int(card[1]), int(card[2]) if card[2] else None) for card in read if card]
        for name in self.NEEDS.get(data.get("action", ""), []):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed."))
        return data
