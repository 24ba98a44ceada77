package judge;

import java.util.HashMap;
import java.util.Map;

/** The variables of an expression; unlike Map.of, values may be null. */
final class Environment {
  private Environment() {}

  static Map<String, Object> of(Object... namesAndValues) {
    Map<String, Object> environment = new HashMap<>();
    for (int at = 0; at < namesAndValues.length; at += 2) environment.put((String) namesAndValues[at], namesAndValues[at + 1]);
    return environment;
  }
}
