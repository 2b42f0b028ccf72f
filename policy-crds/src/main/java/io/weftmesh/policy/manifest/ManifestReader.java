package io.weftmesh.policy.manifest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Turns the text of one file into objects. Stateless; any thread. */
final class ManifestReader {
  private static final ObjectMapper MAPPER = ReadFields.apply(JsonMapper.builder()).build();

  /** Beyond this, a list of what would have been right helps nobody. */
  private static final int MAX_SUGGESTIONS = 12;

  private final Map<String, Class<? extends HasMetadata>> known = new HashMap<>();
  private final Set<Class<? extends HasMetadata>> wanted;

  ManifestReader(Set<Class<? extends HasMetadata>> wanted) {
    this.wanted = Set.copyOf(wanted);
    known.putAll(MeshKinds.OTHER_VERSIONS);
    for (Class<? extends HasMetadata> type : MeshKinds.ALL) {
      known.put(HasMetadata.getApiVersion(type) + "/" + HasMetadata.getKind(type), type);
    }
    wanted.forEach(
        type -> known.put(HasMetadata.getApiVersion(type) + "/" + HasMetadata.getKind(type), type));
  }

  record Read(List<Found> objects, List<Ignored> ignored) {}

  record Found(int line, HasMetadata object) {}

  record Ignored(int line, String message) {}

  Read read(String text) throws ManifestException {
    Read read = new Read(new ArrayList<>(), new ArrayList<>());
    for (YamlDocument document : YamlDocument.read(text)) {
      readInto(read, document, document.tree(), List.of());
    }
    return read;
  }

  private void readInto(Read read, YamlDocument document, JsonNode tree, List<Reference> at)
      throws ManifestException {
    int line = document.line(at);
    if (!tree.isObject()) {
      throw new ManifestException(line, "expected an object with apiVersion and kind");
    }
    String apiVersion = text(document, tree, at, "apiVersion");
    String kind = text(document, tree, at, "kind");
    if (apiVersion.equals("v1") && kind.equals("List")) {
      JsonNode items = tree.path("items");
      if (!items.isArray()) {
        throw new ManifestException(line, "a List needs items, as a list");
      }
      for (int i = 0; i < items.size(); i++) {
        List<Reference> item =
            plus(plus(at, new Reference(tree, "items")), new Reference(items, i));
        readInto(read, document, items.get(i), item);
      }
      return;
    }
    Class<? extends HasMetadata> type = known.get(apiVersion + "/" + kind);
    if (type == null) {
      read.ignored.add(
          new Ignored(line, apiVersion + " " + kind + " means nothing to Weft; ignored"));
    } else if (wanted.contains(type)) {
      read.objects.add(new Found(line, convert(document, tree, at, type)));
    }
  }

  private static HasMetadata convert(
      YamlDocument document, JsonNode tree, List<Reference> at, Class<? extends HasMetadata> type)
      throws ManifestException {
    HasMetadata object;
    try {
      object = MAPPER.treeToValue(tree, type);
    } catch (JsonMappingException e) {
      List<Reference> path = new ArrayList<>(at);
      path.addAll(e.getPath());
      throw new ManifestException(
          document.line(path), HasMetadata.getKind(type) + " " + dotted(e.getPath()) + describe(e));
    } catch (JsonProcessingException e) {
      throw new ManifestException(document.line(at), e.getOriginalMessage());
    }
    if (object.getMetadata() == null || isBlank(object.getMetadata().getName())) {
      throw new ManifestException(document.line(at), object.getKind() + " has no metadata.name");
    }
    if (object instanceof Namespaced && isBlank(object.getMetadata().getNamespace())) {
      object.getMetadata().setNamespace("default");
    }
    return object;
  }

  private static String describe(JsonMappingException e) {
    return switch (e) {
      case UnrecognizedPropertyException unknown ->
          "is not a field that exists here; expected "
              + unknown.getKnownPropertyIds().stream()
                  .map(Object::toString)
                  .sorted()
                  .limit(MAX_SUGGESTIONS)
                  .collect(Collectors.joining(", "));
      case InvalidFormatException invalid when invalid.getTargetType().isEnum() ->
          "is \"" + invalid.getValue() + "\", expected one of " + accepted(invalid);
      case InvalidFormatException invalid ->
          "is \"" + invalid.getValue() + "\", expected " + expected(invalid.getTargetType());
      case MismatchedInputException mismatched when mismatched.getTargetType() != null ->
          "has the wrong shape, expected " + expected(mismatched.getTargetType());
      default -> "is wrong: " + firstLine(e.getOriginalMessage());
    };
  }

  /** Jackson knows the values as they are written, and says them in its message alone. */
  private static String accepted(InvalidFormatException e) {
    String message = firstLine(e.getOriginalMessage());
    String list = message.substring(message.lastIndexOf('[') + 1).replace("]", "");
    return Stream.of(list.split(", ")).sorted().collect(Collectors.joining(", "));
  }

  private static String expected(Class<?> type) {
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (Iterable.class.isAssignableFrom(type)) {
      return "a list";
    }
    return type == String.class ? "text" : "an object (" + type.getSimpleName() + ")";
  }

  private static String text(YamlDocument document, JsonNode tree, List<Reference> at, String field)
      throws ManifestException {
    JsonNode value = tree.path(field);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw new ManifestException(document.line(at), "an object needs " + field + ", as text");
    }
    return value.textValue();
  }

  /** {@code spec.ports[0].port }, with the space that the rest of the sentence needs. */
  private static String dotted(List<Reference> path) {
    StringBuilder dotted = new StringBuilder();
    for (Reference step : path) {
      if (step.getFieldName() == null) {
        dotted.append('[').append(step.getIndex()).append(']');
      } else {
        dotted.append(dotted.isEmpty() ? "" : ".").append(step.getFieldName());
      }
    }
    return dotted.isEmpty() ? "" : dotted.append(' ').toString();
  }

  private static List<Reference> plus(List<Reference> path, Reference step) {
    List<Reference> longer = new ArrayList<>(path);
    longer.add(step);
    return longer;
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("");
  }

  private static boolean isBlank(String text) {
    return text == null || text.isBlank();
  }
}
