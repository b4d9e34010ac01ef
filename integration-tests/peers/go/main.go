// Relays messages of a broker to another destination, traced with OpenTelemetry's SDK for Go.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type relay struct {
	Broker   string
	From     string
	To       string
	NewTrace bool
}

var tracer = sdktrace.NewTracerProvider().Tracer("relay")
var propagator = propagation.TraceContext{}

// The headers of the message that is sent on.
func (given relay) headers(received propagation.MapCarrier) propagation.MapCarrier {
	parent := context.Background()
	if !given.NewTrace {
		parent = propagator.Extract(parent, received)
	}
	processing, process := tracer.Start(parent, "process", trace.WithSpanKind(trace.SpanKindConsumer))
	defer process.End()
	sending, send := tracer.Start(processing, "send", trace.WithSpanKind(trace.SpanKindProducer))
	defer send.End()
	sent := propagation.MapCarrier{}
	propagator.Inject(sending, sent)
	return sent
}

func (given relay) overKafka() error {
	brokers := strings.Split(os.Getenv("KAFKA_BROKERS"), ",")
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: brokers, Topic: given.From})
	writer := &kafka.Writer{Addr: kafka.TCP(brokers...), Topic: given.To, BatchSize: 1}
	for {
		message, err := reader.ReadMessage(context.Background())
		if err != nil {
			return err
		}
		received := propagation.MapCarrier{}
		for _, header := range message.Headers {
			received[header.Key] = string(header.Value)
		}
		next := kafka.Message{Value: message.Value}
		for name, value := range given.headers(received) {
			next.Headers = append(next.Headers, kafka.Header{Key: name, Value: []byte(value)})
		}
		if err := writer.WriteMessages(context.Background(), next); err != nil {
			return err
		}
	}
}

func (given relay) overRabbitmq() error {
	connection, err := amqp.Dial(os.Getenv("AMQP_URL"))
	if err != nil {
		return err
	}
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	messages, err := channel.Consume(given.From, "", true, false, false, false, nil)
	if err != nil {
		return err
	}
	for message := range messages {
		received := propagation.MapCarrier{}
		for name, value := range message.Headers {
			if text, ok := value.(string); ok {
				received[name] = text
			}
		}
		next := amqp.Publishing{Headers: amqp.Table{}, Body: message.Body}
		for name, value := range given.headers(received) {
			next.Headers[name] = value
		}
		if err := channel.PublishWithContext(context.Background(), "", given.To, false, false, next); err != nil {
			return err
		}
	}
	return nil
}

func (given relay) overRedis() error {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	last := "0"
	for {
		streams, err := client.XRead(context.Background(), &redis.XReadArgs{Streams: []string{given.From, last}, Block: 0}).Result()
		if err != nil {
			return err
		}
		for _, entry := range streams[0].Messages {
			last = entry.ID
			received := propagation.MapCarrier{}
			for name, value := range entry.Values {
				received[name] = value.(string)
			}
			fields := []string{"body", received["body"]}
			for name, value := range given.headers(received) {
				fields = append(fields, name, value)
			}
			if err := client.XAdd(context.Background(), &redis.XAddArgs{Stream: given.To, Values: fields}).Err(); err != nil {
				return err
			}
		}
	}
}

func main() {
	var relays []relay
	if err := json.Unmarshal([]byte(os.Getenv("RELAYS")), &relays); err != nil {
		log.Fatal(err)
	}
	for _, given := range relays {
		run := map[string]func() error{"kafka": given.overKafka, "rabbitmq": given.overRabbitmq, "redis": given.overRedis}
		go func() { log.Fatal(given.Broker, ": ", run[given.Broker]()) }()
	}
	select {}
}
