"""Open Loyalty's `/api`: a whole loyalty programme as release 4.3 has it."""

from guerdon.dialects.openloyalty.routes import room

__all__ = ["room"]
