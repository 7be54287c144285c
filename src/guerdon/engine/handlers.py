"""The table: which function carries a command out."""

from __future__ import annotations

from guerdon.engine import (
    administrators,
    catalogue,
    commands,
    consequences,
    credentials,
    definitions,
    deletions,
    deliveries,
    enrolment,
    ingest,
    levels,
    members,
    outcomes,
    places,
    points,
    purchases,
    rebuild,
    rules,
    standing,
    subscriptions,
    tenants,
)

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
    **rules.HANDLERS,
}

# Who hears of which moment, in this order.
consequences.LISTENERS.update(
    {
        "registered": [levels.on_registered, rules.on_registered],
        "level_chosen": [levels.on_level_chosen],
        "logged_in": [rules.on_logged_in],
        "subscribed_to_newsletter": [rules.on_newsletter],
        "points_changed": [levels.on_points_changed],
        "purchase_assigned": [levels.on_purchase, rules.on_purchase, rules.on_first_purchase],
        "return_assigned": [levels.on_purchase],
    }
)
