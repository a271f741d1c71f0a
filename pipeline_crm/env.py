"""Reads settings from environment variables, with a sentence when one is wrong."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value == "":
        return default
    raise ImproperlyConfigured(f"{name} is {value!r}. Set it to 1 or 0.")


def number(name: str, default: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a whole number.") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty parts are dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """A comma-separated list of NAME=value."""
    found = [word.partition("=") for word in words(name)]
    if wrong := next((key for key, sign, _value in found if not sign), ""):
        raise ImproperlyConfigured(f"{name} has {wrong!r} without a value. Write NAME=value,NAME=value.")
    return {key.strip(): value.strip() for key, _sign, value in found}


def choice(name: str, default: str, among: set[str]) -> str:
    value = text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(sorted(among))}.")
    return value


def required(name: str) -> str:
    """The value of a URL that only an evaluation may leave out (and there manage.py has filled it in)."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set DATABASE_URL and REDIS_URL to your PostgreSQL 18 and Valkey, "
            "or start an evaluation on this machine with: make run"
        )
    return value


def database(url: str) -> dict:
    """Django's database settings from postgresql://user:password@host:port/name?host=/socket/folder."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {parts.scheme or 'nothing'!r}. Pipeline CRM needs postgresql://user:password@host/name."
        )
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or query.get("port", "")),
    }


def redis_number(url: str) -> int:
    """The number of the logical database a redis:// or unix:// URL names."""
    parts = _redis_parts(url)
    if parts.scheme == "unix":
        return int(dict(parse_qsl(parts.query)).get("db", 0))
    return int(parts.path.strip("/") or 0)


def redis_with_number(url: str, number: int) -> str:
    """The same server, another logical database."""
    parts = _redis_parts(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": str(number)}
        return f"unix://{parts.path}?{urlencode(query)}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def celery_broker(url: str) -> str:
    """Celery's spelling of REDIS_URL: a socket is redis+socket:///path?virtual_host=N there."""
    parts = _redis_parts(url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={redis_number(url)}"
    return url


def kept_secret(path: Path) -> str:
    """A random secret, made on first use and kept in a file only its owner can read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _redis_parts(url: str):
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(
            f"REDIS_URL starts with {parts.scheme or 'nothing'!r}. Pipeline CRM needs redis://host:port/0 or unix:///path/to/socket."
        )
    return parts
