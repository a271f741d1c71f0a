"""A cache that may be absent: without Valkey a page is slower, never broken."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def _forgiving(name: str, otherwise):
    """The cache method `name`, answering `otherwise(arguments)` while the server is away."""

    def method(self, *args, **kwargs):
        try:
            return getattr(super(ForgivingCache, self), name)(*args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("The cache is away (%s).", error)
            return otherwise(*args, **kwargs)

    return method


class ForgivingCache(RedisCache):
    """Reads find nothing and writes do nothing while Valkey is away, within the one-second socket timeout."""

    get = _forgiving("get", lambda key, default=None, version=None: default)
    get_many = _forgiving("get_many", lambda keys, version=None: {})
    set = _forgiving("set", lambda *args, **kwargs: None)
    set_many = _forgiving("set_many", lambda data, *args, **kwargs: list(data))
    add = _forgiving("add", lambda *args, **kwargs: True)
    touch = _forgiving("touch", lambda *args, **kwargs: False)
    delete = _forgiving("delete", lambda *args, **kwargs: False)
    delete_many = _forgiving("delete_many", lambda *args, **kwargs: None)
    has_key = _forgiving("has_key", lambda *args, **kwargs: False)
    incr = _forgiving("incr", lambda key, delta=1, version=None: delta)
    clear = _forgiving("clear", lambda: False)
