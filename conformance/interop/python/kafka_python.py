"""kafka-python against a broker: produces lines of stdin, or consumes in a group until it is killed."""

import json
import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer


def say(**event):
    print(json.dumps(event), flush=True)


def produce(broker, topic, compression):
    codec = None if compression == "none" else compression
    producer = KafkaProducer(bootstrap_servers=broker, acks="all", compression_type=codec)
    for line in sys.stdin.read().split():
        sent = producer.send(topic, key=line.encode(), value=line.encode(), headers=[("from", b"kafka-python")])
        sent.get(timeout=20)
    producer.close()


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        say(kind="assigned", partitions=sorted(partition.partition for partition in assigned))


def consume(broker, topic, group):
    consumer = KafkaConsumer(
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    consumer.subscribe([topic], listener=Listener())
    while True:
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                headers = [[key, value.decode()] for key, value in record.headers]
                say(kind="record", key=record.key.decode(), value=record.value.decode(), headers=headers)
            consumer.commit()


{"produce": produce, "consume": consume}[sys.argv[1]](*sys.argv[2:])
