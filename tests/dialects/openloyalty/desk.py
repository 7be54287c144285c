"""A desk with a few endpoints of its own, beside the real ones."""

from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.callers import Callers
from guerdon.dialects.openloyalty.desk import Desk
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.dialects.openloyalty.logins import Logins
from guerdon.web.app import Application, Probes
from guerdon.web.routing import Room


def serve(house, *endpoints):
    """Let the house serve these endpoints, under `/try`, in the words of the real room."""
    keyring, trusted = Keyring(house.engine), house.config.trusted_proxies
    desk = Desk(
        house.engine,
        Callers(house.engine, keyring, trusted),
        Logins(house.engine, keyring, trusted),
    )
    room = Room(
        "try",
        "/try",
        desk.routes(endpoints),
        not_found=refusals.not_found,
        method_not_allowed=refusals.method_not_allowed,
        failed=refusals.failed,
    )

    async def ready():
        return True, {}

    async def metrics():
        return b""

    app = Application([room], Probes(ready, metrics, dict), clock=house.clock)

    def call(*request, **options):
        real, house.app = house.app, app
        try:
            return house.call(*request, **options)
        finally:
            house.app = real

    return call
