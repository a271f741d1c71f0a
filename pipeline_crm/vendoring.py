"""Fetches the optional third-party files that static/assets.lock pins: a smaller chart library, and a font."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

LIGHTEST, BOLDEST = 400, 650
FONT_FEATURES = ["kern", "tnum"]  # of forty; figures of one width, and pairs of letters
FONT_STYLE = f"""@font-face {{
  font-family: "Inter";
  src: url("inter.woff2") format("woff2");
  font-weight: {LIGHTEST} {BOLDEST};
  font-style: normal;
  font-display: swap;
}}
"""

SECONDS_TO_FETCH = 30


class CannotFetch(Exception):
    """The packages cannot be had here; the product runs without them."""


class WrongContent(Exception):
    """What was fetched is not what the lock pins."""


def vendor(lock: Path, target: Path, fetch=None, shrink=None) -> list[str]:
    """Replace `target` with the locked files, all or none, and answer their names. Wrong content changes nothing."""
    fetch, shrink = fetch or npm_pack, shrink or slim
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".vendor-") as work:
        new = Path(work) / "vendor"
        new.mkdir()
        for name, package in json.loads(lock.read_text()).items():
            archive = fetch(f"{name}@{package['version']}", Path(work))
            check(archive, package["integrity"], name)
            extract(archive, package["files"], new)
        if (new / "inter.woff2").exists():
            shrink(new / "inter.woff2")
            (new / "inter.css").write_text(FONT_STYLE)
        new.chmod(0o755)
        if target.exists():
            target.rename(Path(work) / "old")
        new.rename(target)
    return sorted(path.name for path in target.iterdir())


def fetch_for(checkout: Path) -> str:
    """Fetch what the checkout's lock pins, where it can be had, and say what became of it. WrongContent is raised."""
    try:
        names = vendor(checkout / "static" / "assets.lock", checkout / "static" / "vendor")
    except CannotFetch as error:
        return f"Nothing was fetched ({error}). Charts and type use their fall-backs."
    return "In static/vendor/: " + ", ".join(names)


def npm_pack(specification: str, folder: Path) -> Path:
    """The package's archive, fetched by npm from whatever registry it is set up for."""
    npm = shutil.which("npm")
    if npm is None:
        raise CannotFetch("npm is not installed")
    command = [npm, "pack", "--json", "--ignore-scripts", "--fetch-retries=1", specification]
    try:
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS_TO_FETCH)
    except subprocess.TimeoutExpired:
        raise CannotFetch(f"npm did not fetch {specification} within {SECONDS_TO_FETCH} s") from None
    if answer.returncode:
        raise CannotFetch(f"npm could not fetch {specification}: {answer.stderr.strip().splitlines()[-1:]}")
    return folder / json.loads(answer.stdout)[0]["filename"]


def check(archive: Path, integrity: str, name: str) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if integrity != f"sha512-{digest}":
        raise WrongContent(f"{name} is not what static/assets.lock pins: expected {integrity}, got sha512-{digest}")


def extract(archive: Path, files: dict[str, str], target: Path) -> None:
    """Take only the named files, under their new names; paths inside the archive are never followed."""
    with tarfile.open(archive) as tar:
        for inside, name in files.items():
            member = tar.extractfile(inside)
            if member is None:
                raise WrongContent(f"{inside} in {archive.name} is not a file")
            (target / Path(name).name).write_bytes(member.read())


def slim(font: Path) -> None:
    """Leave every letter of the variable font, but only the weights and features our style sheets use: 48 kB to 22."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    shape = TTFont(font)
    subsetter = subset.Subsetter(subset.Options(layout_features=FONT_FEATURES))
    subsetter.populate(unicodes=shape.getBestCmap())
    subsetter.subset(shape)
    shape = instancer.instantiateVariableFont(shape, {"wght": (LIGHTEST, LIGHTEST, BOLDEST)})
    shape.flavor = "woff2"
    shape.save(font)


if __name__ == "__main__":
    print(fetch_for(Path(__file__).resolve().parent.parent))  # noqa: T201 (a command of the Makefile)
