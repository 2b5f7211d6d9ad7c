// Builds record batches with Kafka's own builder: every compression, sizes beyond one block, idempotent and stamped ones.
package goqueue.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;

/** Standard output: one JSON object a line: a name, the bytes, and what Kafka reads in them. */
public final class CaptureRecordBatches {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long NOW_MS = 1_700_000_000_000L;

  private static PrintStream out;

  public static void main(String[] arguments) throws Exception {
    out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (CompressionType type : CompressionType.values()) {
      emit("plain-" + type.name, idempotent(type, false, fewRecords()));
      emit("idempotent-" + type.name, idempotent(type, true, fewRecords()));
      // Snappy's blocks hold 32 KiB and LZ4's 64 KiB: this batch needs several of either.
      if (type != CompressionType.NONE) emit("many-blocks-" + type.name, idempotent(type, false, repetitiveRecords()));
    }
    emit("one-empty-record", idempotent(CompressionType.NONE, false, List.of(new SimpleRecord(-1, (byte[]) null, null))));
    emit("time-delta-edges", idempotent(CompressionType.NONE, false, recordsAtTheEdges()));
    emit("log-append-time", stamped(CompressionType.NONE));
    emit("log-append-time-zstd", stamped(CompressionType.ZSTD));
  }

  private static void emit(String name, MemoryRecords records) throws Exception {
    ByteBuffer buffer = records.buffer().duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    ObjectNode vector = JSON.createObjectNode();
    vector.put("name", name).put("kafkaClients", KafkaVersion.read()).put("hex", HexFormat.of().formatHex(bytes));
    vector.set("batch", RecordJson.ofBatch(bytes));
    out.println(JSON.writeValueAsString(vector));
  }

  private static MemoryRecords idempotent(CompressionType type, boolean isIdempotent, List<SimpleRecord> records) {
    MemoryRecordsBuilder builder = MemoryRecords.builder(
        ByteBuffer.allocate(1024), RecordBatch.MAGIC_VALUE_V2, Compression.of(type).build(), TimestampType.CREATE_TIME,
        isIdempotent ? 8_589_934_592L : 0L, RecordBatch.NO_TIMESTAMP,
        isIdempotent ? 1_099_511_627_777L : RecordBatch.NO_PRODUCER_ID,
        isIdempotent ? (short) 7 : RecordBatch.NO_PRODUCER_EPOCH,
        isIdempotent ? 2_147_483_000 : RecordBatch.NO_SEQUENCE,
        false, RecordBatch.NO_PARTITION_LEADER_EPOCH);
    records.forEach(builder::append);
    return builder.build();
  }

  private static MemoryRecords stamped(CompressionType type) {
    MemoryRecordsBuilder builder = MemoryRecords.builder(
        ByteBuffer.allocate(1024), RecordBatch.MAGIC_VALUE_V2, Compression.of(type).build(),
        TimestampType.LOG_APPEND_TIME, 40L, NOW_MS + 999, 5);
    fewRecords().forEach(builder::append);
    return builder.build();
  }

  private static List<SimpleRecord> fewRecords() {
    return List.of(
        new SimpleRecord(NOW_MS, bytes("key"), bytes("value")),
        new SimpleRecord(NOW_MS + 1, null, bytes("no key")),
        new SimpleRecord(NOW_MS - 86_400_000L * 365, bytes("a tombstone of last year"), null),
        new SimpleRecord(NOW_MS + 86_400_000L * 3650, bytes(""), bytes("")),
        new SimpleRecord(NOW_MS, bytes("with headers"), bytes("ü".repeat(100)), new Header[] {
          new RecordHeader("näme", bytes("välue")), new RecordHeader("", new byte[0]), new RecordHeader("null", null),
          new RecordHeader("näme", bytes("again")),
        }));
  }

  /** Time deltas on both sides of each length that a varint can have. */
  private static List<SimpleRecord> recordsAtTheEdges() {
    long base = 1L << 50;
    List<SimpleRecord> records = new ArrayList<>(List.of(new SimpleRecord(base, bytes("base"), null)));
    for (int bits = 6; bits < 50; bits += 7) {
      for (long delta = (1L << bits) - 1; delta <= (1L << bits) + 1; delta++) {
        records.add(new SimpleRecord(base + delta, (byte[]) null, null));
        records.add(new SimpleRecord(base - delta, (byte[]) null, null));
      }
    }
    return records;
  }

  private static List<SimpleRecord> repetitiveRecords() {
    Random random = new Random(42);
    List<SimpleRecord> records = new ArrayList<>();
    for (int index = 0; index < 12; index++) {
      byte[] seed = new byte[16];
      random.nextBytes(seed);
      byte[] value = new byte[16_000];
      for (int at = 0; at < value.length; at++) value[at] = seed[at % seed.length];
      records.add(new SimpleRecord(NOW_MS + index, bytes("key-" + index), value));
    }
    return records;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
