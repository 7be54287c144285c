"""Signatures that the standard's own library accepts (W1)."""

import base64

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import hmac_data

from guerdon.clock import SystemClock
from guerdon.errors import Refused
from guerdon.outbound import sign
from unit.outbound.network import SECRET

OURS, THEIRS = b"\x01" * 32, b"\x02" * 32
BODY = b'{"test": 2432232314}'


def test_the_signature_is_the_one_in_the_standards_reference_vector():
    headers = sign.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY, [SECRET])
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_standards_own_library_verifies_what_we_sign_and_nothing_changed():
    clock = SystemClock()
    secret = sign.spelled(OURS)
    body = '{"name":"José"}'.encode()
    headers = sign.headers("msg_1", clock.now() // 1_000_000, body, [secret])
    assert Webhook(secret).verify(body, headers) == {"name": "José"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**headers, "webhook-id": "msg_2"})


def test_while_a_secret_is_replaced_both_the_old_and_the_new_verify():
    clock = SystemClock()
    secrets = [sign.spelled(OURS), sign.spelled(THEIRS)]
    headers = sign.headers("msg_1", clock.now() // 1_000_000, BODY, secrets)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in secrets:
        assert Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(sign.spelled(bytes(32))).verify(BODY, headers)


def test_the_library_and_we_read_the_same_key_out_of_a_secret():
    ours = sign.headers("m", 1, b"x", [SECRET])["webhook-signature"]
    theirs = hmac_data(base64.b64decode(SECRET.removeprefix("whsec_")), b"m.1.x")
    assert ours == "v1," + base64.b64encode(theirs).decode()


def test_a_key_is_spelled_with_the_standards_prefix_and_read_again():
    secret = sign.spelled(OURS)
    assert secret.startswith("whsec_")
    assert sign.key_of(secret) == OURS


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_not base64, a canary",
        "whsec_é",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
    ],
)
def test_a_secret_outside_the_standards_bounds_is_refused_without_showing_it(secret):
    with pytest.raises(Refused) as caught:
        sign.headers("msg_1", 1, BODY, [secret])
    assert caught.value.code == "secret_invalid"
    assert "canary" not in caught.value.message


def test_nothing_is_sent_unsigned():
    with pytest.raises(Refused):
        sign.headers("msg_1", 1, BODY, [])


@pytest.mark.parametrize("message_id", ["", "msg.1", "msg_1.1614265330"])
def test_an_id_that_would_make_the_signed_text_ambiguous_is_refused(message_id):
    with pytest.raises(Refused):
        sign.headers(message_id, 1, BODY, [SECRET])
