// Tells which kafka-clients stands on the class path, so that every captured byte names its origin.
package goqueue.golden;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

final class KafkaVersion {
  private KafkaVersion() {}

  static String read() throws IOException {
    try (InputStream file = KafkaVersion.class.getResourceAsStream("/kafka/kafka-version.properties")) {
      Properties properties = new Properties();
      properties.load(file);
      return properties.getProperty("version");
    }
  }
}
