package judge;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Windowed;

/** The value of an expression; test/golden/expressions.ts in Java. */
final class Expressions {
  /** What `call` calls. */
  interface Callee extends Function<List<Object>, Object> {}

  private Expressions() {}

  static Object evaluate(JsonNode expression, Map<String, Object> environment) {
    if (!expression.isArray()) return literal(expression);
    String operation = expression.get(0).asText();
    if (expression.size() == 1 && environment.containsKey(operation)) return environment.get(operation);
    switch (operation) {
      case "cat": {
        StringBuilder builder = new StringBuilder();
        for (int at = 1; at < expression.size(); at++) builder.append(text(evaluate(expression.get(at), environment)));
        return builder.toString();
      }
      case "add": {
        long sum = 0;
        for (int at = 1; at < expression.size(); at++) sum += number(evaluate(expression.get(at), environment));
        return sum;
      }
      case "max":
        return Math.max(number(evaluate(expression.get(1), environment)), number(evaluate(expression.get(2), environment)));
      case "mod":
        return weight(evaluate(expression.get(1), environment)) % expression.get(2).asLong();
      case "eq":
        return text(evaluate(expression.get(1), environment)).equals(text(evaluate(expression.get(2), environment)));
      case "lt":
        return number(evaluate(expression.get(1), environment)) < number(evaluate(expression.get(2), environment));
      case "not":
        return !Boolean.TRUE.equals(evaluate(expression.get(1), environment));
      case "isNull":
        return evaluate(expression.get(1), environment) == null;
      case "if":
        return evaluate(expression.get(Boolean.TRUE.equals(evaluate(expression.get(1), environment)) ? 2 : 3), environment);
      case "list": {
        List<Object> list = new ArrayList<>();
        for (int at = 1; at < expression.size(); at++) list.add(evaluate(expression.get(at), environment));
        return list;
      }
      case "words":
        return new ArrayList<Object>(Arrays.asList(text(evaluate(expression.get(1), environment)).split(" ", -1)));
      case "tail": {
        String text = text(evaluate(expression.get(1), environment));
        return text.substring(Math.max(0, text.length() - expression.get(2).asInt()));
      }
      case "text":
        return text(evaluate(expression.get(1), environment));
      case "number":
        return number(evaluate(expression.get(1), environment));
      case "inner":
        return ((Windowed<?>) evaluate(expression.get(1), environment)).key();
      case "start":
        return ((Windowed<?>) evaluate(expression.get(1), environment)).window().start();
      case "throw":
        throw new IllegalStateException(text(evaluate(expression.get(1), environment)));
      case "call": {
        List<Object> operands = new ArrayList<>();
        for (int at = 2; at < expression.size(); at++) operands.add(evaluate(expression.get(at), environment));
        return ((Callee) environment.get("call:" + expression.get(1).asText())).apply(operands);
      }
      default:
        throw new IllegalArgumentException("No operation or variable \"" + operation + "\" here");
    }
  }

  static boolean isTrue(JsonNode expression, Map<String, Object> environment) {
    return Boolean.TRUE.equals(evaluate(expression, environment));
  }

  private static Object literal(JsonNode node) {
    if (node.isNull()) return null;
    if (node.isTextual()) return node.asText();
    if (node.isBoolean()) return node.asBoolean();
    return node.asLong();
  }

  static String text(Object value) {
    if (value instanceof byte[] bytes) return Fields.hex(bytes);
    if (value instanceof Bytes bytes) return Fields.hex(bytes.get());
    if (value instanceof Windowed<?> windowed) {
      return text(windowed.key()) + "@" + windowed.window().start() + "-" + windowed.window().end();
    }
    if (value instanceof List<?> list) return "[" + String.join(", ", list.stream().map(Expressions::text).toList()) + "]";
    return String.valueOf(value);
  }

  static long number(Object value) {
    return value == null ? 0 : value instanceof Number number ? number.longValue() : Long.parseLong(text(value));
  }

  private static long weight(Object value) {
    if (value == null) return 0;
    if (value instanceof Number number) return Math.abs(number.longValue());
    return text(value).chars().sum();
  }
}
