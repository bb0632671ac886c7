"""What every request and every answer must obey: which host was asked for, who may write, what a browser may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No inline script or style, nothing from elsewhere, nobody may frame the page; its libraries need no eval.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
CSRF = "x-kgshare-csrf"
SESSION = "kgshare.session"  # where the scope of a request has it
READING = frozenset({"GET", "HEAD"})
# What is the same for everybody, and holds nothing of the project.
OPEN = ("/health", "/static/")
_DOOR = Path(__file__).parent / "static" / "door.html"


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


class Sessions:
    """Signed cookies: they say which browser it is, and whether it has shown the access token.

    The key is made when the page starts; after a restart a browser gets another cookie without noticing.
    """

    def __init__(self, token: str = "") -> None:
        self.token, self._key = token, secrets.token_bytes(32)

    def new(self) -> str:
        """A cookie's value for a browser that may use the page."""
        name = secrets.token_urlsafe(18)
        return f"{name}.{self._sign('session', name)}"

    def valid(self, cookie: str) -> bool:
        """Whether the page gave this cookie."""
        name, _, signature = cookie.rpartition(".")
        return bool(name) and hmac.compare_digest(signature.encode(), self._sign("session", name).encode())

    def csrf(self, cookie: str) -> str:
        """What a writing request of this session carries in its header, which only the page's own script can read."""
        return self._sign("csrf", cookie)

    def is_token(self, given: str) -> bool:
        """Whether this is the access token."""
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())

    def _sign(self, what: str, name: str) -> str:
        return hmac.new(self._key, f"{what}:{name}".encode(), hashlib.sha256).hexdigest()


class Guard:
    """Refuses what is not the page's own: a foreign host name (DNS rebinding), a write from elsewhere, a stranger."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], sessions: Sessions) -> None:
        self.app, self.hosts, self.sessions = app, hosts, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = _cookie_name(headers)
        cookie = _cookie(headers, name)
        given = ""
        refused = self._foreign(headers)
        if refused is None and not self.sessions.valid(cookie):
            cookie, refused = self._stranger(scope, headers)
            given = cookie
        if refused is None:
            refused = self._forged(scope, headers, cookie)
        scope[SESSION] = cookie

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    sent[key] = value
                sent.setdefault("cache-control", "no-cache")
                if given:
                    sent.append("set-cookie", f"{name}={given}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        await (refused or self.app)(scope, receive, send_guarded)

    def _foreign(self, headers: Headers) -> Response | None:
        asked = headers.getlist("host")
        if len(asked) == 1 and host_name(asked[0]) in self.hosts:
            return None
        return error("host", "this page does not answer under that name", 421)

    def _stranger(self, scope: Scope, headers: Headers) -> tuple[str, Response | None]:
        """A browser without a cookie of this page: the cookie that it gets, or the answer that it gets instead."""
        path: str = scope["path"]
        if not self.sessions.token:
            return (self.sessions.new() if path in ("/", "/page.json") else ""), None
        if path.startswith(OPEN) or self.sessions.is_token(_bearer(headers)):
            return "", None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        if path == "/" and any(key == "token" and self.sessions.is_token(value) for key, value in query):
            rest = urlencode([(key, value) for key, value in query if key != "token"])
            return self.sessions.new(), RedirectResponse(f"/?{rest}" if rest else "/", status_code=303)
        if path == "/":
            return "", FileResponse(_DOOR, status_code=401)
        return "", error("token", "show the access token first: open the address that the page printed", 401)

    def _forged(self, scope: Scope, headers: Headers, cookie: str) -> Response | None:
        """A write that the page's own script did not send."""
        if scope["method"] in READING or self.sessions.is_token(_bearer(headers)):
            return None
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers["host"]:
            return error("origin", "this page takes changes from itself only", 403)
        sent = headers.get(CSRF, "")
        if cookie and hmac.compare_digest(sent.encode(), self.sessions.csrf(cookie).encode()):
            return None
        return error("session", "the page was started anew: load it again", 403)


def _cookie_name(headers: Headers) -> str:
    # Browsers share cookies between the ports of one host: two stacks must not take each other's.
    port = headers.get("host", "").rpartition(":")[2]
    return f"kgshare-{port}" if port.isdigit() else "kgshare"


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _bearer(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def error(kind: str, message: str, status: int, **more: object) -> JSONResponse:
    """An error as JSON: ``{"error": {"kind": …, "message": …}}``."""
    return JSONResponse({"error": {"kind": kind, "message": message, **more}}, status_code=status)
