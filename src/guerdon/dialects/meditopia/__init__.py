"""Meditopia's partner API: events in batches, and what is known of a user."""

from guerdon.dialects.meditopia.routes import room

__all__ = ["room"]
