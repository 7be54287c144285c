"""Open Loyalty's `/api`: logging in, and the event store."""

from guerdon.dialects.openloyalty.routes import room

__all__ = ["room"]
