// Lists Kafka's error codes: name, number, and whether the Java client retries after it.
package goqueue.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Standard output: one JSON object a line. */
public final class CaptureErrors {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (Errors error : Errors.values()) {
      ObjectNode node = json.createObjectNode();
      node.put("name", error.name()).put("code", error.code());
      node.put("retriable", error.exception() instanceof RetriableException);
      System.out.println(json.writeValueAsString(node));
    }
  }
}
