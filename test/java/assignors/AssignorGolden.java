import java.util.*;
import java.nio.file.*;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.modern.*;

/**
 * Asks Kafka's own server-side assignors: reads the cases that cases.mjs makes and writes them with a "result" each, as
 * they stand in test/unit/broker/group/consumer/assignor-cases.json. Members, topics and partitions are handed over in
 * ascending order, which decides ties. Needs org.apache.kafka:kafka-group-coordinator 4.3.0 on the class path:
 * javac -cp "$CP" AssignorGolden.java && java -cp "$CP:." AssignorGolden cases.json
 */
public class AssignorGolden {
  static Uuid id(String n) { return new Uuid(0, Long.parseLong(n)); }
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    ArrayNode cases = (ArrayNode) json.readTree(Files.readString(Path.of(args[0])));
    for (JsonNode node : cases) {
      ObjectNode one = (ObjectNode) node;
      Map<Uuid, Integer> counts = new LinkedHashMap<>();
      one.get("topics").fields().forEachRemaining(e -> counts.put(id(e.getKey()), e.getValue().asInt()));
      Map<String, MemberSubscriptionAndAssignmentImpl> members = new LinkedHashMap<>();
      Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
      for (JsonNode m : one.get("members")) {
        Map<Uuid, Set<Integer>> owned = new LinkedHashMap<>();
        m.get("owned").fields().forEachRemaining(e -> {
          Set<Integer> parts = new LinkedHashSet<>();
          e.getValue().forEach(p -> { parts.add(p.asInt()); inverted.computeIfAbsent(id(e.getKey()), k -> new HashMap<>()).put(p.asInt(), m.get("id").asText()); });
          owned.put(id(e.getKey()), parts);
        });
        Set<Uuid> subs = new LinkedHashSet<>();
        m.get("topics").forEach(t -> subs.add(id(t.asText())));
        members.put(m.get("id").asText(), new MemberSubscriptionAndAssignmentImpl(Optional.empty(),
          m.get("instance").isNull() ? Optional.empty() : Optional.of(m.get("instance").asText()), subs, new Assignment(Collections.unmodifiableMap(owned))));
      }
      ConsumerGroupPartitionAssignor assignor = one.get("assignor").asText().equals("range") ? new RangeAssignor() : new UniformAssignor();
      GroupAssignment result = assignor.assign(
        new GroupSpecImpl(members, one.get("homogeneous").asBoolean() ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, inverted, Optional.empty()),
        new SubscribedTopicDescriber() {
          public int numPartitions(Uuid t) { return counts.getOrDefault(t, -1); }
          public Set<String> racksForPartition(Uuid t, int p) { return Set.of(); }
          public Set<Integer> assignablePartitions(Uuid t) { return Set.of(); }
        });
      ObjectNode out = json.createObjectNode();
      for (String m : members.keySet()) {
        ObjectNode parts = json.createObjectNode();
        MemberAssignment a = result.members().get(m);
        if (a != null) new TreeMap<>(a.partitions()).forEach((t, ps) -> { ArrayNode arr = json.createArrayNode(); new TreeSet<>(ps).forEach(arr::add); if (arr.size() > 0) parts.set(Long.toString(t.getLeastSignificantBits()), arr); });
        out.set(m, parts);
      }
      one.set("result", out);
    }
    System.out.println(json.writeValueAsString(cases));
  }
}
