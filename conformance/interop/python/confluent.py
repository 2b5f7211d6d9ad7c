"""confluent-kafka against a broker: produces lines of stdin, or consumes in a group until it is killed."""

import json
import sys

from confluent_kafka import Consumer, KafkaException, Producer


def say(**event):
    print(json.dumps(event), flush=True)


def produce(broker, topic, compression):
    settings = {"bootstrap.servers": broker, "compression.type": compression, "enable.idempotence": True}
    producer = Producer(settings)
    errors = []

    def delivered(error, _message):
        if error is not None:
            errors.append(error)

    for line in sys.stdin.read().split():
        producer.produce(topic, key=line, value=line, headers={"from": "confluent"}, on_delivery=delivered)
    producer.flush(20)
    if errors or len(producer) > 0:
        sys.exit(f"not delivered: {errors}")


def consume(broker, topic, group):
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
        }
    )

    def assigned(_consumer, partitions):
        say(kind="assigned", partitions=sorted(partition.partition for partition in partitions))

    consumer.subscribe([topic], on_assign=assigned)
    while True:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        headers = [[key, value.decode()] for key, value in message.headers() or []]
        say(kind="record", key=message.key().decode(), value=message.value().decode(), headers=headers)
        consumer.commit(message, asynchronous=False)


{"produce": produce, "consume": consume}[sys.argv[1]](*sys.argv[2:])
