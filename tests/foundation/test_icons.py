"""The sprite: every icon that a page or a script names is drawn, and none is drawn for nobody."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders

from pipeline_crm.foundation.icons import NAMES, sprite
from pipeline_crm.foundation.templatetags.ui import ACTIVITY_ICONS

ROOT = Path(__file__).resolve().parents[2]
IN_TEMPLATES = re.compile(r"""\{% icon ["']([\w-]+)["']""")
IN_INCLUDES = re.compile(r"""sign=["']([\w-]+)["']""")
IN_SCRIPTS = re.compile(r"""icon\((?:bad \? )?["']([\w-]+)["'](?: : ["']([\w-]+)["'])?\)""")


def used() -> set[str]:
    names = set(ACTIVITY_ICONS.values()) | {"circle-alert"}
    for page in (ROOT / "templates").rglob("*.html"):
        text = page.read_text()
        names |= set(IN_TEMPLATES.findall(text)) | set(IN_INCLUDES.findall(text))
    for script in (ROOT / "static" / "js").rglob("*.js"):
        names |= {name for pair in IN_SCRIPTS.findall(script.read_text()) for name in pair if name}
    return names


def test_every_icon_in_use_is_drawn():
    assert used() - set(NAMES) == set()


def test_icons_are_drawn_once_each_and_in_order():
    assert sorted(set(NAMES)) == NAMES


def test_the_sprite_holds_a_symbol_for_each():
    assert re.findall(r'<symbol id="([\w-]+)"', sprite()) == NAMES


def test_the_finder_offers_the_sprite(settings, tmp_path):
    settings.VAR = tmp_path
    assert Path(finders.find("icons.svg")).read_text() == sprite()
