"""Relays messages of a broker to another destination, traced with OpenTelemetry's SDK for Python."""

import json
import os
import threading
import traceback

import kafka
import pika
import redis
from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

tracer = TracerProvider().get_tracer("relay")
propagators = {
    "w3c": TraceContextTextMapPropagator(),
    "b3": B3MultiFormat(),
    "jaeger": JaegerPropagator(),
}


def relay_headers(relay, headers):
    """The headers of the message that is sent on."""
    propagator = propagators[relay["propagator"]]
    parent = Context() if relay["newTrace"] else propagator.extract(headers, context=Context())
    carrier = {}
    with tracer.start_as_current_span("process", context=parent, kind=SpanKind.CONSUMER):
        with tracer.start_as_current_span("send", kind=SpanKind.PRODUCER):
            propagator.inject(carrier)
    return carrier


def relay_kafka(relay):
    servers = os.environ["KAFKA_BROKERS"].split(",")
    producer = kafka.KafkaProducer(bootstrap_servers=servers)
    consumer = kafka.KafkaConsumer(relay["from"], bootstrap_servers=servers, auto_offset_reset="earliest")
    for message in consumer:
        headers = {name: value.decode() for name, value in message.headers}
        sent = [(name, value.encode()) for name, value in relay_headers(relay, headers).items()]
        producer.send(relay["to"], value=message.value, headers=sent).get(timeout=30)


def relay_rabbitmq(relay):
    channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
    for method, properties, body in channel.consume(relay["from"], auto_ack=True):
        headers = {name: str(value) for name, value in (properties.headers or {}).items()}
        sent = pika.BasicProperties(headers=relay_headers(relay, headers))
        channel.basic_publish("", relay["to"], body, sent)


def relay_redis(relay):
    client = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, protocol=2)
    last = "0"
    while True:
        for _, entries in client.xread({relay["from"]: last}, block=1000) or []:
            for last, fields in entries:
                client.xadd(relay["to"], {"body": fields["body"], **relay_headers(relay, fields)})


brokers = {"kafka": relay_kafka, "rabbitmq": relay_rabbitmq, "redis": relay_redis}


def run(relay):
    try:
        brokers[relay["broker"]](relay)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


for given in json.loads(os.environ["RELAYS"]):
    threading.Thread(target=run, args=[given]).start()
