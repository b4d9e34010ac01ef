// Consumes messages of Kafka topics in the ways of Java: polls, polls within a span, and Spring's listeners. The arguments are the
// consumer group, the number of messages of each topic, and `way=topic` for each of them. The span in which a message is handled is
// below that of the agent, and is named after the way and the message.
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.listener.MessageListener;

public class Consume {
  static final Tracer tracer = GlobalOpenTelemetry.getTracer("test");
  static String group;
  static String way;
  static CountDownLatch left;

  static Map<String, Object> settings() {
    return Map.of(
        "bootstrap.servers", System.getenv("KAFKA_BROKERS"), "group.id", group, "auto.offset.reset", "earliest");
  }

  static void handle(ConsumerRecord<String, String> record) {
    tracer.spanBuilder(way + ": " + record.value()).startSpan().end();
    left.countDown();
  }

  static void poll(String topic, boolean withinSpan) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(settings(), new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (left.getCount() > 0) {
        Span span = withinSpan ? tracer.spanBuilder("surrounding").startSpan() : Span.getInvalid();
        try (Scope scope = span.makeCurrent()) {
          for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) handle(record);
        } finally {
          span.end();
        }
      }
    }
  }

  static void listen(String topic, Object listener) throws InterruptedException {
    ContainerProperties properties = new ContainerProperties(topic);
    properties.setMessageListener(listener);
    KafkaMessageListenerContainer<String, String> container =
        new KafkaMessageListenerContainer<>(
            new DefaultKafkaConsumerFactory<>(
                settings(), new StringDeserializer(), new StringDeserializer()),
            properties);
    container.start();
    left.await();
    container.stop();
  }

  public static void main(String[] args) throws Exception {
    group = args[0];
    for (String arg : List.of(args).subList(2, args.length)) {
      way = arg.split("=")[0];
      String topic = arg.split("=")[1];
      left = new CountDownLatch(Integer.parseInt(args[1]));
      switch (way) {
        case "poll" -> poll(topic, false);
        case "poll within a span" -> poll(topic, true);
        case "listener" -> listen(topic, (MessageListener<String, String>) Consume::handle);
        case "batch listener" ->
            listen(topic, (BatchMessageListener<String, String>) records -> records.forEach(Consume::handle));
        default -> throw new IllegalArgumentException(arg);
      }
    }
    // The agent exports what is left when the program ends.
    System.exit(0);
  }
}
