"""WoowUp's wire format: `/apiv3`."""

from guerdon.dialects.woowup.routes import room

__all__ = ["room"]
