"""How forms look and read: one template for a field, one renderer for all forms."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _


class Renderer(TemplatesSetting):
    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


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
