from django import template

from leads.models import Likeness

register = template.Library()


@register.simple_tag
def has_duplicates(user) -> bool:
    """Whether there are leads that are perhaps one, for somebody to look at."""
    return Likeness.objects.open().visible_to(user).exists()
