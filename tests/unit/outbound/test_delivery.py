"""What a delivery is called, and which ones share a lane."""

from guerdon.outbound.delivery import message_id
from unit.outbound.network import delivery


def test_a_message_id_is_stable_and_differs_by_tenant_delivery_moment_and_installation():
    key, other_key = b"k" * 32, b"o" * 32
    first = message_id(key, tenant_id=1, delivery_id=23, owed_at=5)
    assert first == message_id(key, tenant_id=1, delivery_id=23, owed_at=5)
    assert first.startswith("msg_")
    assert "." not in first
    others = {
        message_id(key, tenant_id=12, delivery_id=3, owed_at=5),
        message_id(key, tenant_id=1, delivery_id=24, owed_at=5),
        message_id(other_key, tenant_id=1, delivery_id=23, owed_at=5),
        message_id(key, tenant_id=1, delivery_id=23, owed_at=6),
    }
    assert len(others | {first}) == 5


def test_webhooks_share_a_lane_by_tenant_and_target_and_all_mail_shares_one():
    assert delivery(delivery_id=1).lane == delivery(delivery_id=2).lane
    assert delivery().lane != delivery(tenant_id=2).lane
    assert delivery().lane != delivery(target="https://b.example/hook").lane
    mails = [delivery(kind="mail", tenant_id=each, target=f"{each}@a.example") for each in (1, 2)]
    assert mails[0].lane == mails[1].lane
