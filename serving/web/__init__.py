"""The CSM's pages: whom to call, why, and what changed; rendered on the server."""

from serving.web.app import pages

__all__ = ["pages"]
