"""A request's body is taken in completely before it takes one of the few threads: slow uploads cannot hold them all."""

import tempfile

IN_MEMORY = 256 * 1024
PIECE = 64 * 1024


class Spooled:
    """Wraps an ASGI application; bodies beyond `largest` bytes are answered 413."""

    def __init__(self, app, *, largest: int):
        self.app, self.largest = app, largest

    async def __call__(self, scope, receive, send):
        headers = dict(scope["headers"])
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return await self.app(scope, _empty(receive), send)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            size = 0
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                size += len(message.get("body", b""))
                if size > self.largest:
                    return await _too_large(send)
                body.write(message.get("body", b""))
                if not message.get("more_body"):
                    break
            body.seek(0)
            scope = dict(scope, headers=_with_length(scope["headers"], size))
            return await self.app(scope, _replay(body, size, receive), send)


def _empty(receive):
    is_read = False

    async def replay():
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return replay


def _replay(body, size, receive):
    is_read = False

    async def replay():
        nonlocal is_read
        if is_read:
            return await receive()
        piece = body.read(PIECE)
        is_read = body.tell() >= size
        return {"type": "http.request", "body": piece, "more_body": not is_read}

    return replay


def _with_length(headers, size):
    """A chunked body has a length once it is here; WSGI knows only lengths."""
    kept = [(name, value) for name, value in headers if name not in {b"content-length", b"transfer-encoding"}]
    return [*kept, (b"content-length", str(size).encode())]


async def _too_large(send):
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"This upload is too large."})
