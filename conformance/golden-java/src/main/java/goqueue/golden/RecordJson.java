// The JSON form of a record batch as Kafka's own reader sees it.
package goqueue.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.utils.Utils;

final class RecordJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST_WHOLE_VALUE = 1024;

  private RecordJson() {}

  /** The one batch in {@code bytes}; throws when its checksum or its form is wrong. */
  static ObjectNode ofBatch(byte[] bytes) throws NoSuchAlgorithmException {
    MutableRecordBatch batch = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batchIterator().next();
    batch.ensureValid();
    if (batch.sizeInBytes() != bytes.length) throw new IllegalArgumentException("bytes follow the batch");
    ObjectNode node = JSON.createObjectNode();
    node.put("compression", batch.compressionType().name);
    node.put("timestampType", batch.timestampType().name);
    node.put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset());
    node.put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
    node.put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch());
    node.put("baseSequence", batch.baseSequence()).put("maxTimestampMs", batch.maxTimestamp());
    ArrayNode records = node.putArray("records");
    for (Record record : batch) records.add(ofRecord(record));
    return node;
  }

  private static ObjectNode ofRecord(Record record) throws NoSuchAlgorithmException {
    record.ensureValid();
    ObjectNode node = JSON.createObjectNode();
    node.put("offset", record.offset()).put("timestampMs", record.timestamp());
    node.put("key", Utils.toNullableArray(record.key()));
    byte[] value = Utils.toNullableArray(record.value());
    // A long value would be most of the file: its digest tells as much.
    if (value == null || value.length <= LONGEST_WHOLE_VALUE) node.put("value", value);
    else node.put("valueSha256", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(value)));
    ArrayNode headers = node.putArray("headers");
    for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
    return node;
  }
}
