"""Who is left alone on purpose: drawn by a hash, so that every machine and every run agree."""

from hashlib import sha256

WHOLE = 2**32


def held_out(customer_id: str, share: float) -> bool:
    """Whether a customer is among the share that gets no play.

    Whoever is held out at a share is held out at a larger one too.
    """
    drawn = int.from_bytes(sha256(f"holdout:{customer_id}".encode()).digest()[:4], "big")
    return drawn < share * WHOLE
