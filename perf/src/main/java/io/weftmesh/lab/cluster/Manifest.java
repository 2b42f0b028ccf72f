package io.weftmesh.lab.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** One Kubernetes object as it stands in YAML. Immutable. */
public final class Manifest {
  private final Map<String, Object> fields;

  private Manifest(Map<String, Object> fields) {
    this.fields = fields;
  }

  /**
   * The objects of a text of one or more YAML documents.
   *
   * @throws IllegalArgumentException for a document that is no object with a kind and a name
   */
  public static List<Manifest> parseAll(String yaml) {
    List<Manifest> manifests = new ArrayList<>();
    for (Object document :
        new Load(LoadSettings.builder().setSchema(new CoreSchema()).build())
            .loadAllFromString(yaml)) {
      if (document == null) {
        continue;
      }
      if (!(document instanceof Map<?, ?> map)) {
        throw new IllegalArgumentException("not a Kubernetes object: " + document);
      }
      Manifest manifest = new Manifest(copy(map));
      if (manifest.text("kind").isEmpty() || manifest.text("metadata", "name").isEmpty()) {
        throw new IllegalArgumentException("kind or metadata.name is missing in: " + document);
      }
      manifests.add(manifest);
    }
    return manifests;
  }

  /** The one object of {@code yaml}. */
  public static Manifest parse(String yaml) {
    List<Manifest> all = parseAll(yaml);
    if (all.size() != 1) {
      throw new IllegalArgumentException("expected one object, got " + all.size());
    }
    return all.getFirst();
  }

  public ObjectKey key() {
    return new ObjectKey(
        text("kind").orElseThrow(),
        text("metadata", "namespace").orElse(""),
        text("metadata", "name").orElseThrow());
  }

  public String kind() {
    return key().kind();
  }

  public String namespace() {
    return key().namespace();
  }

  public String name() {
    return key().name();
  }

  /** What stands at {@code path}: text, a number, a boolean, a list or a map. */
  public Optional<Object> at(String... path) {
    Object here = fields;
    for (String step : path) {
      if (!(here instanceof Map<?, ?> map) || map.get(step) == null) {
        return Optional.empty();
      }
      here = map.get(step);
    }
    return Optional.of(here);
  }

  public Optional<String> text(String... path) {
    return at(path).map(Object::toString);
  }

  /** The texts of a list; empty when there is none. */
  public List<String> texts(String... path) {
    return list(path).stream().map(Object::toString).toList();
  }

  /** The texts of a map, such as labels; empty when there is none. */
  public Map<String, String> textMap(String... path) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (at(path).orElse(Map.of()) instanceof Map<?, ?> map) {
      map.forEach((name, value) -> texts.put(String.valueOf(name), String.valueOf(value)));
    }
    return texts;
  }

  /** The maps of a list, each readable as this object is. */
  public List<Manifest> parts(String... path) {
    return list(path).stream()
        .filter(Map.class::isInstance)
        .map(part -> new Manifest(copy((Map<?, ?>) part)))
        .toList();
  }

  public boolean has(String... path) {
    return at(path).isPresent();
  }

  /** The same object with {@code value} at {@code path}. */
  public Manifest with(Object value, String... path) {
    Map<String, Object> changed = copy(fields);
    Map<String, Object> here = changed;
    for (int i = 0; i < path.length - 1; i++) {
      Map<String, Object> next =
          here.get(path[i]) instanceof Map<?, ?> map ? copy(map) : new LinkedHashMap<>();
      here.put(path[i], next);
      here = next;
    }
    here.put(path[path.length - 1], value);
    return new Manifest(changed);
  }

  /** The same object with {@code value} at {@code path} where nothing stood there. */
  public Manifest withDefault(Object value, String... path) {
    return has(path) ? this : with(value, path);
  }

  /** The same object without what stands at {@code path}. */
  public Manifest without(String... path) {
    if (!has(path)) {
      return this;
    }
    Map<String, Object> changed = copy(fields);
    Map<String, Object> here = changed;
    for (int i = 0; i < path.length - 1; i++) {
      Map<String, Object> next = here.get(path[i]) instanceof Map<?, ?> map ? copy(map) : Map.of();
      here.put(path[i], next);
      here = next;
    }
    here.remove(path[path.length - 1]);
    return new Manifest(changed);
  }

  public String toYaml() {
    return new Dump(
            DumpSettings.builder()
                .setSchema(new CoreSchema())
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndentWithIndicator(true)
                .setIndicatorIndent(2)
                .build())
        .dumpToString(fields);
  }

  private List<?> list(String... path) {
    return at(path).orElse(List.of()) instanceof List<?> list ? list : List.of();
  }

  private static Map<String, Object> copy(Map<?, ?> map) {
    Map<String, Object> copy = new LinkedHashMap<>();
    map.forEach((name, value) -> copy.put(String.valueOf(name), value));
    return copy;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Manifest manifest && manifest.fields.equals(fields);
  }

  @Override
  public int hashCode() {
    return fields.hashCode();
  }

  @Override
  public String toString() {
    return toYaml();
  }
}
