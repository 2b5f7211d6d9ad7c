// Fills a message with values that tell its fields apart, following the schema that Kafka publishes for one version.
package goqueue.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * Full: every field set to something that is not its default, tagged fields included, arrays of one or two elements.
 * Bare: null wherever null is legal, no tagged field, empty text, and the ends of each integer's range.
 */
final class SampleValues {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  /** The largest integer that JSON readers of every language agree on. */
  private static final long MAX_SAFE = (1L << 53) - 1;

  private final Random random;
  private final boolean isFull;
  private boolean hasLongText;

  SampleValues(String seed, boolean isFull) {
    this.random = new Random(seed.hashCode());
    this.isFull = isFull;
  }

  ObjectNode of(Schema schema) throws ReflectiveOperationException {
    ObjectNode struct = NODES.objectNode();
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields tagged) {
        if (!isFull) continue;
        for (Field field : fieldsOf(tagged).values()) struct.set(camelCase(field.name), of(field.name, field.type));
      } else {
        struct.set(camelCase(bound.def.name), of(bound.def.name, bound.def.type));
      }
    }
    return struct;
  }

  /** Kafka 3.9 keeps these to itself. */
  @SuppressWarnings("unchecked")
  private static Map<Integer, Field> fieldsOf(TaggedFields tagged) throws ReflectiveOperationException {
    java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
    fields.setAccessible(true);
    return new TreeMap<>((Map<Integer, Field>) fields.get(tagged));
  }

  private JsonNode of(String name, Type type) throws ReflectiveOperationException {
    if (type.isNullable() && !isFull) return NullNode.instance;
    if (type.arrayElementType().isPresent()) {
      ArrayNode array = NODES.arrayNode();
      int count = isFull ? 1 + random.nextInt(2) : 1;
      for (int index = 0; index < count; index++) array.add(of(name, type.arrayElementType().get()));
      return array;
    }
    if (type instanceof Schema schema) return of(schema);
    String typeName = type.toString();
    switch (typeName) {
      case "BOOLEAN":
        return BooleanNode.valueOf(!name.equals("allow_auto_topic_creation") == isFull);
      case "INT8":
        return IntNode.valueOf(isFull ? 1 + random.nextInt(120) : edge(Byte.MIN_VALUE, Byte.MAX_VALUE));
      case "INT16":
        if (name.equals("error_code")) return IntNode.valueOf(isFull ? 1 + random.nextInt(98) : -random.nextInt(2));
        return IntNode.valueOf(isFull ? 1000 + random.nextInt(30000) : edge(Short.MIN_VALUE, Short.MAX_VALUE));
      case "INT32":
        return IntNode.valueOf(isFull ? 70000 + random.nextInt(1 << 30) : edge(Integer.MIN_VALUE, Integer.MAX_VALUE));
      case "INT64":
        return LongNode.valueOf(isFull ? (1L << 40) + random.nextInt(1 << 30) : random.nextBoolean() ? MAX_SAFE : -MAX_SAFE);
      case "UUID":
        return TextNode.valueOf(isFull ? new Uuid(random.nextLong(), random.nextLong()).toString() : Uuid.ZERO_UUID.toString());
      case "STRING", "COMPACT_STRING", "NULLABLE_STRING", "COMPACT_NULLABLE_STRING":
        return TextNode.valueOf(isFull ? text(name) : "");
      case "BYTES", "COMPACT_BYTES", "NULLABLE_BYTES", "COMPACT_NULLABLE_BYTES":
      case "RECORDS", "COMPACT_RECORDS", "NULLABLE_RECORDS", "COMPACT_NULLABLE_RECORDS":
        byte[] bytes = new byte[isFull ? 5 + random.nextInt(20) : 0];
        random.nextBytes(bytes);
        return BinaryNode.valueOf(bytes);
      default:
        throw new IllegalStateException(name + " has a type without samples: " + typeName);
    }
  }

  private int edge(int min, int max) {
    return switch (random.nextInt(3)) {
      case 0 -> min;
      case 1 -> max;
      default -> -1;
    };
  }

  /** One text in each message is long enough to need a compact length of two bytes. */
  private String text(String name) {
    String plain = name.replace('_', '-') + "-é-" + random.nextInt(1000);
    if (hasLongText) return plain;
    hasLongText = true;
    return plain + "-" + "long".repeat(40);
  }

  private static String camelCase(String snakeCase) {
    StringBuilder name = new StringBuilder();
    for (String word : snakeCase.split("_")) {
      name.append(name.length() == 0 ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
    }
    return name.toString();
  }
}
