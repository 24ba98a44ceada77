package judge;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.TimeWindowedDeserializer;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** Serdes by name, the bytes of input fields and how bytes are shown; test/golden/serdes.ts in Java. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class Fields {
  private static final Map<String, Serde<?>> SIMPLE = Map.of(
      "string", Serdes.String(),
      "long", Serdes.Long(),
      "biglong", Serdes.Long(),
      "int", Serdes.Integer(),
      "short", Serdes.Short(),
      "double", Serdes.Double(),
      "float", Serdes.Float(),
      "boolean", Serdes.Boolean(),
      "uuid", Serdes.UUID(),
      "bytes", Serdes.ByteArray());

  private Fields() {}

  static Serde<Object> serde(String name) {
    String[] parts = name.split(":");
    if (parts[0].equals("windowed")) {
      return (Serde) new WindowedSerdes.TimeWindowedSerde(serde(parts[1]), Long.parseLong(parts[2]));
    }
    return (Serde<Object>) SIMPLE.get(name);
  }

  static byte[] bytes(JsonNode field, String serde) {
    if (field.isNull()) return null;
    if (field.isObject()) return HexFormat.of().parseHex(field.get("hex").asText());
    return serde(serde).serializer().serialize("", value(field, serde));
  }

  private static Object value(JsonNode field, String serde) {
    return switch (serde) {
      case "string" -> field.asText();
      case "long", "biglong" -> Long.parseLong(field.asText());
      case "int" -> field.asInt();
      case "short" -> (short) field.asInt();
      case "double" -> Double.parseDouble(field.asText());
      case "float" -> Float.parseFloat(field.asText());
      case "boolean" -> field.asBoolean();
      case "uuid" -> UUID.fromString(field.asText());
      default -> throw new IllegalArgumentException("No input field of serde " + serde);
    };
  }

  static String show(byte[] bytes) {
    if (bytes == null) return null;
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    boolean printable = !text.startsWith("0x") && text.chars().allMatch(character -> character >= 0x20 && character <= 0x7e);
    return printable ? text : hex(bytes);
  }

  static String hex(byte[] bytes) {
    return "0x" + HexFormat.of().formatHex(bytes);
  }
}
