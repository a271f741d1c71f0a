import base64
import hashlib
import io
import json
import tarfile

import pytest

from pipeline_crm.vendoring import CannotFetch, WrongContent, slim, vendor


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("package/chart.js", "package/inter.woff2", "package/not-wanted.js"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"data"))
    return path


def leave(font):
    """These fonts are none."""


def lock_for(archive, tmp_path, **changes):
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    files = {"package/chart.js": "chart.min.js", "package/inter.woff2": "inter.woff2"}
    package = {"version": "1.2.3", "integrity": f"sha512-{digest}", "files": files} | changes
    lock = tmp_path / "assets.lock"
    lock.write_text(json.dumps({"charts": package}))
    return lock


def test_only_the_named_files_arrive_and_the_font_brings_its_style_sheet(archive, tmp_path):
    asked = []
    lock = lock_for(archive, tmp_path)
    names = vendor(lock, tmp_path / "vendor", fetch=lambda spec, _: asked.append(spec) or archive, shrink=leave)
    assert asked == ["charts@1.2.3"]
    assert names == ["chart.min.js", "inter.css", "inter.woff2"]


def test_wrong_content_is_refused_and_what_was_there_stays(archive, tmp_path):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("old")
    with pytest.raises(WrongContent, match="charts is not what static/assets.lock pins"):
        vendor(lock_for(archive, tmp_path, integrity="sha512-AAAA"), target, fetch=lambda *_: archive)
    assert [path.name for path in target.iterdir()] == ["old.js"]


def test_a_newer_lock_replaces_what_was_there(archive, tmp_path):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("old")
    vendor(lock_for(archive, tmp_path), target, fetch=lambda *_: archive, shrink=leave)
    assert not (target / "old.js").exists()


def test_without_npm_nothing_is_fetched_and_the_reason_is_said(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotFetch, match="npm is not installed"):
        vendor(lock_for(archive, tmp_path), tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


@pytest.fixture
def font(tmp_path):
    """A variable font of two letters."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    names = [".notdef", "A", "eacute"]
    pen = TTGlyphPen(None)
    for draw, point in [(pen.moveTo, (0, 0)), (pen.lineTo, (500, 0)), (pen.lineTo, (250, 700))]:
        draw(point)
    pen.closePath()
    shape = pen.glyph()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(names)
    made.setupCharacterMap({ord("A"): "A", ord("é"): "eacute"})
    made.setupGlyf(dict.fromkeys(names, shape))
    made.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Two Letters", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.setupFvar([("wght", 100, 400, 900, "Weight")], [])
    made.setupGvar({name: [] for name in names})
    path = tmp_path / "two.ttf"
    made.save(path)
    return path


def test_a_slim_font_keeps_every_letter_and_only_our_weights(font):
    from fontTools.ttLib import TTFont

    slim(font)
    slimmed = TTFont(font)
    assert slimmed.flavor == "woff2"
    assert {chr(code) for code in slimmed.getBestCmap()} == {"A", "é"}
    assert [(axis.minValue, axis.maxValue) for axis in slimmed["fvar"].axes] == [(400, 650)]
