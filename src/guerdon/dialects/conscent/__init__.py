"""Conscent's loyalty events, as its "API from server" takes them."""

from guerdon.dialects.conscent.routes import room

__all__ = ["room"]
