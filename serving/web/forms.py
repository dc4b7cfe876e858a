"""Forms: read without a parser for uploads, and taken only from our own pages."""

from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"
LARGEST = 64 * 1024  # bytes
MOST_FIELDS = 50
OURS = ("same-origin", "none")


async def form_of(request: Request) -> dict[str, str]:
    """A form's fields, blanks around them taken away; what is left empty is left out.

    Raises:
        HTTPException: It comes from another site (403), is no form (415) or too large (413).
    """
    require_own(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, "Send the form of the page.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(413, "That is too long for a note.")
    return _fields(body)


def require_own(request: Request) -> None:
    """Refuses what a page of another site makes a browser send with the reader's own rights.

    By the headers that a browser sends and no page can change: Sec-Fetch-Site where it is, else
    the Origin beside the Host (OWASP's Fetch Metadata policy, as in Go's CrossOriginProtection).
    Without either it is no browser, which nobody can trick into sending anything.

    Raises:
        HTTPException: It comes from another site (403).
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = site in OURS if site else origin is None or _host(origin) == request.headers.get("host")
    if not own:
        raise HTTPException(403, "This form was sent from another site: nothing was recorded.")


def _host(origin: str) -> str:
    return urlsplit(origin).netloc


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
    return {name: value.strip() for name, value in pairs if value.strip()}
