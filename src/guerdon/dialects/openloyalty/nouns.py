"""The nouns of this room: each module lists its endpoints in `endpoints()`.

A module is added here once it is there; `desk` turns endpoints into routes.
"""

from __future__ import annotations

from types import ModuleType

from guerdon.dialects.openloyalty import (
    admins,
    analytics,
    audit,
    campaign_categories,
    campaigns,
    campaigns_bought,
    campaigns_cashback,
    campaigns_coupons,
    campaigns_visible,
    customers,
    customers_devices,
    customers_erasure,
    customers_joining,
    earning_rules,
    imports,
    invitations,
    leftout,
    levels,
    pictures,
    points,
    pos,
    roles,
    security,
    segments,
    sellers,
    settings,
    stores,
    terms,
    transactions,
)
from guerdon.dialects.openloyalty.desk import Endpoint

MODULES: tuple[ModuleType, ...] = (
    transactions,
    imports,
    points,
    admins,
    audit,
    analytics,
    customers,
    customers_devices,
    customers_erasure,
    customers_joining,
    roles,
    stores,
    pos,
    sellers,
    security,
    settings,
    terms,
    earning_rules,
    invitations,
    leftout,
    levels,
    segments,
    campaigns,
    campaigns_visible,
    campaigns_bought,
    campaigns_coupons,
    campaigns_cashback,
    campaign_categories,
    pictures,
)


def endpoints() -> list[Endpoint]:
    """Every endpoint of every noun."""
    return [endpoint for noun in MODULES for endpoint in noun.endpoints()]
