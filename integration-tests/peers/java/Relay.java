// Relays messages of a Kafka topic to another one. It is traced by OpenTelemetry's Java agent, so that it has no tracing itself.
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Relay {
  public static void main(String[] args) throws Exception {
    String from = args[0];
    String to = args[1];
    Map<String, Object> common = Map.of("bootstrap.servers", System.getenv("KAFKA_BROKERS"));
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", common.get("bootstrap.servers"), "group.id", from, "auto.offset.reset", "earliest");
    try (KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        KafkaProducer<String, String> producer =
            new KafkaProducer<>(common, new StringSerializer(), new StringSerializer())) {
      consumer.subscribe(List.of(from));
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          producer.send(new ProducerRecord<>(to, record.value())).get();
        }
      }
    }
  }
}
