// Writes one sample of every message version that it is asked for, as Kafka's own codec encodes it.
package goqueue.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Standard input: lines of {@code <message> <lowest version> <highest version>}, e.g. {@code JoinGroupRequest 0 9}.
 * Standard output: one JSON object a line. Versions that this Kafka no longer knows are left out.
 */
public final class CaptureMessages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CORRELATION_ID = 0x01020304;

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      Class<?> type = messageClass(words[0]);
      int lowest = Math.max(Integer.parseInt(words[1]), type.getField("LOWEST_SUPPORTED_VERSION").getShort(null));
      int highest = Math.min(Integer.parseInt(words[2]), type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null));
      for (int version = lowest; version <= highest; version++) {
        for (String sample : List.of("full", "bare")) {
          out.println(JSON.writeValueAsString(capture(words[0], type, (short) version, sample)));
        }
      }
    }
  }

  private static Class<?> messageClass(String name) throws ClassNotFoundException {
    boolean isApi = name.endsWith("Request") || name.endsWith("Response");
    return Class.forName("org.apache.kafka.common.message." + name + (isApi ? "Data" : ""));
  }

  private static ObjectNode capture(String name, Class<?> type, short version, String sample) throws Exception {
    Schema schema = ((Schema[]) type.getField("SCHEMAS").get(null))[version];
    ObjectNode value = new SampleValues(name + version + sample, sample.equals("full")).of(schema);
    Class<?> converter = Class.forName(type.getName() + "JsonConverter");
    Message message = (Message) converter.getMethod("read", JsonNode.class, short.class).invoke(null, value, version);
    byte[] bytes = bytesOf(message, version);
    Object reread = type.getConstructor(Readable.class, short.class)
        .newInstance(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version);
    if (!message.equals(reread)) throw new IllegalStateException(name + " v" + version + " does not read as written");

    ObjectNode vector = JSON.createObjectNode();
    vector.put("message", name).put("version", version).put("sample", sample);
    vector.put("kafkaClients", KafkaVersion.read());
    if (message instanceof ApiMessage api && api.apiKey() >= 0) {
      String clientId = sample.equals("full") ? "client-ü" : null;
      if (name.endsWith("Request")) vector.put("clientId", clientId);
      vector.put("correlationId", CORRELATION_ID);
      vector.put("header", HexFormat.of().formatHex(headerOf(name, api.apiKey(), version, clientId)));
    }
    vector.put("hex", HexFormat.of().formatHex(bytes));
    vector.set("value", value);
    return vector;
  }

  private static byte[] headerOf(String name, short apiKey, short version, String clientId) {
    ApiKeys key = ApiKeys.forId(apiKey);
    if (name.endsWith("Response")) {
      ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(CORRELATION_ID);
      return bytesOf(header, key.responseHeaderVersion(version));
    }
    RequestHeaderData header = new RequestHeaderData()
        .setRequestApiKey(apiKey)
        .setRequestApiVersion(version)
        .setCorrelationId(CORRELATION_ID)
        .setClientId(clientId);
    return bytesOf(header, key.requestHeaderVersion(version));
  }

  private static byte[] bytesOf(Message message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    MessageSizeAccumulator size = new MessageSizeAccumulator();
    message.addSize(size, cache, version);
    ByteBuffer buffer = ByteBuffer.allocate(size.totalSize());
    message.write(new ByteBufferAccessor(buffer), cache, version);
    if (buffer.hasRemaining()) throw new IllegalStateException("Kafka announced another size than it wrote");
    return buffer.array();
  }
}
