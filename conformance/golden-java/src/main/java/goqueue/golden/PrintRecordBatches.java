// Reads record batches that somebody else wrote, as a Kafka consumer would, and prints what it finds.
package goqueue.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Standard input: one batch a line, in hex. Standard output: its JSON form. The first batch Kafka refuses ends it. */
public final class PrintRecordBatches {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(json.writeValueAsString(RecordJson.ofBatch(HexFormat.of().parseHex(line))));
    }
  }
}
