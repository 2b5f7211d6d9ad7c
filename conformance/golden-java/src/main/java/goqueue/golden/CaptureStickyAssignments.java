// Lets Kafka's sticky assignors lead groups whose members' subscriptions somebody else wrote, and prints what they decide.
package goqueue.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractStickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;

/**
 * Standard input: one group a line, {"members": [[memberId, {assignor: subscription in hex}]], "partitions": [[topic, count]]}.
 * Standard output: for each assignor what every member gets, and the subscription that it would then send, in hex.
 */
public final class CaptureStickyAssignments {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int GENERATION = 7;

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode group = JSON.readTree(line);
      ObjectNode result = JSON.createObjectNode();
      result.set("sticky", lead(group, new StickyAssignor()));
      result.set("cooperative-sticky", lead(group, new CooperativeStickyAssignor()));
      out.println(JSON.writeValueAsString(result));
    }
  }

  private static ArrayNode lead(JsonNode group, AbstractStickyAssignor assignor) {
    Map<String, Subscription> subscriptions = new HashMap<>();
    for (JsonNode member : group.get("members")) {
      byte[] bytes = HexFormat.of().parseHex(member.get(1).get(assignor.name()).asText());
      subscriptions.put(member.get(0).asText(), ConsumerProtocol.deserializeSubscription(ByteBuffer.wrap(bytes)));
    }
    Map<String, Integer> partitions = new HashMap<>();
    for (JsonNode topic : group.get("partitions")) {
      // A Java leader does not ask for the partitions of a topic to which nobody subscribes.
      boolean isWanted = subscriptions.values().stream().anyMatch(each -> each.topics().contains(topic.get(0).asText()));
      if (isWanted) partitions.put(topic.get(0).asText(), topic.get(1).asInt());
    }
    ArrayNode members = JSON.createArrayNode();
    new TreeMap<>(assignor.assign(partitions, subscriptions)).forEach((memberId, given) -> {
      ArrayNode member = members.addArray().add(memberId);
      Map<String, TreeSet<Integer>> byTopic = new TreeMap<>();
      for (TopicPartition partition : given) {
        byTopic.computeIfAbsent(partition.topic(), topic -> new TreeSet<>()).add(partition.partition());
      }
      ArrayNode topics = member.addArray();
      byTopic.forEach((topic, numbers) -> {
        ArrayNode list = topics.addArray().add(topic).addArray();
        numbers.forEach(list::add);
      });
      member.add(nextSubscription(assignor, subscriptions.get(memberId), given));
    });
    return members;
  }

  /** What the Java client sends at its next join, when it was given these partitions. */
  private static String nextSubscription(ConsumerPartitionAssignor leader, Subscription now, List<TopicPartition> given) {
    ConsumerPartitionAssignor member =
        leader instanceof StickyAssignor ? new StickyAssignor() : new CooperativeStickyAssignor();
    List<TopicPartition> sorted =
        given.stream()
            .sorted(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition))
            .toList();
    member.onAssignment(
        new Assignment(sorted), new ConsumerGroupMetadata("group", GENERATION, "member", Optional.empty()));
    ByteBuffer userData = member.subscriptionUserData(Set.copyOf(now.topics()));
    Subscription next = new Subscription(now.topics(), userData, sorted, GENERATION, Optional.empty());
    ByteBuffer buffer = ConsumerProtocol.serializeSubscription(next);
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
