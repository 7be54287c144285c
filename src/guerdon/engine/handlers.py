"""The table: which function carries a command out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from guerdon.engine import (
    accounts,
    administrators,
    audit,
    cashback,
    catalogue,
    commands,
    consequences,
    coupons,
    credentials,
    definitions,
    deletions,
    deliveries,
    enrolment,
    erasure,
    idempotency,
    imports,
    ingest,
    invitations,
    levels,
    members,
    once,
    outcomes,
    pictures,
    places,
    points,
    purchases,
    purses,
    rebuild,
    rewards,
    rules,
    sales,
    segments,
    standing,
    subscriptions,
    tenants,
)
from guerdon.engine.commands.once import Once
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.errors import NotFound
from guerdon.store.transaction import Transaction

HANDLERS: commands.Handlers = {
    commands.Append: ingest.append,
    commands.Ingest: ingest.ingest,
    commands.AddActivityType: catalogue.add_type,
    commands.HideActivityType: catalogue.hide_type,
    commands.DeleteActivities: deletions.delete_activities,
    commands.RegisterMember: members.register_member,
    commands.UpdateMember: members.update_member,
    commands.IssueMemberToken: subscriptions.issue_token,
    commands.ChangeSubscription: subscriptions.change,
    commands.RecordIntegrationStat: outcomes.record_integration_stat,
    commands.RecordOutcome: outcomes.record_outcome,
    commands.MarkReplayed: outcomes.mark_replayed,
    commands.LeaseDeliveries: deliveries.lease,
    commands.SettleDelivery: deliveries.settle,
    commands.CreateTenant: tenants.create_tenant,
    commands.CreateKey: tenants.create_key,
    commands.RevokeKey: tenants.revoke_key,
    commands.CreateAdministrator: tenants.create_administrator,
    commands.RecordLogin: tenants.record_login,
    commands.RefreshLogin: tenants.refresh_login,
    commands.RevokeLogins: tenants.revoke_logins,
    commands.AddSigningKey: tenants.add_signing_key,
    commands.ChangeSetting: tenants.change_setting,
    commands.ChangeSettings: tenants.change_settings,
    commands.RebuildState: rebuild.rebuild_state,
    **definitions.HANDLERS,
    **administrators.HANDLERS,
    **places.HANDLERS,
    **enrolment.HANDLERS,
    **standing.HANDLERS,
    **credentials.HANDLERS,
    **levels.HANDLERS,
    **points.HANDLERS,
    **purchases.HANDLERS,
    **imports.HANDLERS,
    **rules.HANDLERS,
    **invitations.HANDLERS,
    **rewards.HANDLERS,
    **sales.HANDLERS,
    **coupons.HANDLERS,
    **cashback.HANDLERS,
    **pictures.HANDLERS,
    **erasure.HANDLERS,
    **audit.HANDLERS,
}
HANDLERS[Once] = once.carried_out_by(dict(HANDLERS))


def read_ahead(tx: Transaction, group: Sequence[commands.Command]) -> None:
    """Ask at once for what several commands of a group will ask for."""
    replays: dict[int, list[commands.ReplayKey]] = {}
    given: dict[int, set[int]] = {}
    taken: dict[int, set[int]] = {}
    for command in group:
        replay = getattr(command, "replay", None)
        if replay is not None:
            replays.setdefault(command.tenant_id, []).append(replay)
        if isinstance(command, AddPoints):
            given.setdefault(command.tenant_id, set()).add(command.number)
        elif isinstance(command, SpendPoints):
            taken.setdefault(command.tenant_id, set()).add(command.number)
    for tenant_id, keys in replays.items():
        with contextlib.suppress(NotFound):  # no such tenant: its commands will say so
            idempotency.read_ahead(tx, tenant_id, keys)
    for tenant_id in given.keys() | taken.keys():
        spenders = taken.get(tenant_id, set())
        with contextlib.suppress(NotFound):  # no such tenant: its commands will say so
            accounts.learn(tx, tenant_id, spenders | given.get(tenant_id, set()))
            purses.learn(tx, tenant_id, spenders)
    with contextlib.suppress(NotFound):
        imports.read_ahead(tx, group)


# Who hears of which moment, in this order.
_LISTENERS: dict[consequences.Moment, list[consequences.Listener]] = {
    "registered": [levels.on_registered, rules.on_registered, segments.on_changed],
    "details_changed": [segments.on_changed],
    "level_chosen": [levels.on_level_chosen],
    "invited": [invitations.on_invited],
    "activated": [invitations.on_activated],
    "logged_in": [rules.on_logged_in],
    "subscribed_to_newsletter": [rules.on_newsletter],
    "points_changed": [levels.on_points_changed],
    # Rules and rewards see the segments a member was in before, so segments come last.
    "purchase_assigned": [
        levels.on_purchase,
        rules.on_purchase,
        invitations.on_further_purchase,
        rules.on_first_purchase,
        invitations.on_first_purchase,
        segments.on_changed,
    ],
    "return_assigned": [levels.on_purchase, coupons.on_return, segments.on_changed],
    "forgotten": [levels.on_forgotten, segments.on_forgotten, invitations.on_forgotten],
}
consequences.LISTENERS.update(_LISTENERS)
