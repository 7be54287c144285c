"""A delivery from the outbox to a real receiver on loopback, through every part."""

import asyncio

from standardwebhooks import Webhook

from guerdon.clock import SECOND, SystemClock
from guerdon.outbound import webhook
from guerdon.outbound.deliver import Deliverer
from unit.outbound.network import SECRET, Names, StandingClock, delivery, listening, read_request
from unit.outbound.outbox import Outbox

ANSWERS = [
    b"HTTP/1.1 500 Oh no\r\ncontent-length: 3\r\n\r\nbad",
    b"HTTP/1.1 503 Later\r\nretry-after: 1000\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 204 Done\r\n\r\n",
]


def test_a_receiver_that_fails_twice_gets_the_same_message_three_times_and_can_verify_each():
    requests = []

    async def receiver(reader, writer):
        requests.append(await read_request(reader))
        writer.write(ANSWERS[len(requests) - 1])
        await writer.drain()

    async def run():
        clock = StandingClock(SystemClock().now())
        async with listening(receiver) as port:
            target = f"http://receiver.example:{port}/points?shop=1"
            owed = delivery(target=target, secrets=(SECRET,), body='{"points":12}')
            outbox = Outbox(clock, owed)
            send = webhook.sender(clock, Names(["127.0.0.1"]), allow_private=True)
            deliverer = Deliverer(
                claim=outbox.claim,
                finish=outbox.finish,
                send_webhook=send,
                send_mail=send,
                send_sms=send,
                clock=clock,
            )
            task = asyncio.create_task(deliverer.run())
            waits = []
            for attempt in (1, 2, 3):
                await outbox.until(attempt)
                due_at = outbox.settled[-1][1].due_at
                if due_at is not None:
                    waits.append((due_at - clock.now()) // SECOND)
                    clock.moment = due_at
                    deliverer.wake()
            deliverer.stop()
            await task
            return waits, [outcome for _, outcome in outbox.settled]

    waits, outcomes = asyncio.run(asyncio.wait_for(run(), 20))
    assert waits == [5, 1000]
    assert [each.result for each in outcomes] == ["later", "later", "delivered"]
    assert [each.status for each in outcomes] == [500, 503, 204]
    assert outcomes[0].detail == "bad"
    assert len({headers["webhook-id"] for _, headers, _ in requests}) == 1
    assert len({headers["webhook-signature"] for _, headers, _ in requests}) == 3
    # The library refuses timestamps that are not near its own hour: the first attempt's is.
    assert Webhook(SECRET).verify(requests[0][2], requests[0][1]) == {"points": 12}
    assert {body for _, _, body in requests} == {b'{"points":12}'}


def test_without_the_private_switch_the_same_receiver_gets_nothing():
    reached = []

    async def receiver(_reader, _writer):
        reached.append("connected")

    async def run():
        clock = StandingClock()
        async with listening(receiver) as port:
            outbox = Outbox(clock, delivery(target=f"http://r.example:{port}/", secrets=(SECRET,)))
            send = webhook.sender(clock, Names(["127.0.0.1"]), allow_private=False)
            deliverer = Deliverer(
                claim=outbox.claim,
                finish=outbox.finish,
                send_webhook=send,
                send_mail=send,
                send_sms=send,
                clock=clock,
            )
            task = asyncio.create_task(deliverer.run())
            await outbox.until(1)
            deliverer.stop()
            await task
            return outbox.settled[0][1]

    outcome = asyncio.run(asyncio.wait_for(run(), 20))
    assert (outcome.result, outcome.error) == ("later", "target_not_public")
    assert reached == []
