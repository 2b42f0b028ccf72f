package io.weftmesh.policy.manifest;

import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.SpecVersion;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlVersionException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import org.snakeyaml.engine.v2.schema.Schema;

/**
 * One YAML document: its tree for Jackson, and the line of every value in it.
 *
 * <p>Jackson's own YAML reader is not used: it takes an alias ({@code *name}) for the text of its
 * name without a word, and knows no line once the tree is built.
 */
final class YamlDocument {
  private static final Schema SCHEMA = new CoreSchema();
  private static final Map<Tag, ConstructNode> SCALARS = SCHEMA.getSchemaTagConstructors();
  private static final LoadSettings SETTINGS =
      LoadSettings.builder()
          .setSchema(SCHEMA)
          .setCodePointLimit(Integer.MAX_VALUE)
          // Refused here, with the line, that the library would not tell.
          .setAllowNonScalarKeys(true)
          .build();

  /** Aliases within aliases can make a small file an endless tree. */
  private static final int MAX_VALUES_PER_CHARACTER = 4;

  private final Node root;
  private final JsonNode tree;

  private YamlDocument(Node root, JsonNode tree) {
    this.root = root;
    this.tree = tree;
  }

  /** All documents of a text that are not empty. */
  static List<YamlDocument> read(String text) throws ManifestException {
    List<YamlDocument> documents = new ArrayList<>();
    long budget = 1000 + (long) MAX_VALUES_PER_CHARACTER * text.length();
    try {
      Iterator<Node> nodes = new Compose(SETTINGS).composeAllFromString(text).iterator();
      while (nodes.hasNext()) {
        Node node = nodes.next();
        TreeBuilder builder = new TreeBuilder(budget);
        JsonNode tree = builder.build(node);
        budget = builder.budget;
        if (!tree.isNull()) {
          documents.add(new YamlDocument(node, tree));
        }
      }
    } catch (MarkedYamlEngineException e) {
      int line = mark(e).map(mark -> mark.getLine() + 1).orElse(0);
      throw new ManifestException(line, "not YAML: " + describe(e));
    } catch (ReaderException e) {
      throw new ManifestException(
          lineAt(text, e.getPosition()),
          String.format(
              Locale.ROOT, "not YAML: the character U+%04X is not allowed", e.getCodePoint()));
    } catch (YamlVersionException e) {
      SpecVersion version = e.getSpecVersion();
      throw new ManifestException(
          0, "YAML of version " + version.getRepresentation() + " is not read, expected 1.2");
    } catch (YamlEngineException e) {
      throw new ManifestException(0, "not YAML: " + e.getMessage());
    } catch (StackOverflowError e) {
      // The library recurses and has no bound of its own; the stack is whole again here.
      throw new ManifestException(0, "lists and objects are nested too deep");
    }
    return documents;
  }

  private static int lineAt(String text, int codePoints) {
    return 1 + (int) text.codePoints().limit(codePoints).filter(each -> each == '\n').count();
  }

  /** A token that went wrong is best named by where it begins; anything else by where it shows. */
  private static Optional<Mark> mark(MarkedYamlEngineException e) {
    String context = e.getContext();
    return context != null && context.startsWith("while scanning")
        ? e.getContextMark().or(e::getProblemMark)
        : e.getProblemMark().or(e::getContextMark);
  }

  private static String describe(MarkedYamlEngineException e) {
    String context = e.getContext();
    return context == null || context.isEmpty() ? e.getProblem() : context + ", " + e.getProblem();
  }

  JsonNode tree() {
    return tree;
  }

  /** The line where the document's content begins, from 1. */
  int line() {
    return line(root);
  }

  /** The line of the value at a path, or of the deepest part of the path that exists. */
  int line(List<Reference> path) {
    Node node = root;
    int line = line(root);
    for (Reference step : path) {
      Node key = null;
      Node next = null;
      if (node instanceof MappingNode mapping && step.getFieldName() != null) {
        for (NodeTuple entry : mapping.getValue()) {
          if (entry.getKeyNode() instanceof ScalarNode name
              && name.getValue().equals(step.getFieldName())) {
            key = name;
            next = entry.getValueNode();
          }
        }
      } else if (node instanceof SequenceNode sequence
          && step.getIndex() >= 0
          && step.getIndex() < sequence.getValue().size()) {
        next = sequence.getValue().get(step.getIndex());
        key = next;
      }
      if (key == null || next == null) {
        return line;
      }
      line = line(key);
      node = next;
    }
    return line;
  }

  private static int line(Node node) {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
  }

  private static final class TreeBuilder {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private long budget;

    TreeBuilder(long budget) {
      this.budget = budget;
    }

    JsonNode build(Node node) throws ManifestException {
      if (--budget < 0) {
        throw new ManifestException(line(node), "aliases expand to more than a file should hold");
      }
      if (node.isRecursive()) {
        throw new ManifestException(line(node), "an alias refers to something that contains it");
      }
      return switch (node) {
        case MappingNode mapping -> object(mapping);
        case SequenceNode sequence -> array(sequence);
        case ScalarNode scalar -> scalar(scalar);
        default ->
            throw new ManifestException(line(node), "unexpected YAML node " + node.getNodeType());
      };
    }

    private ObjectNode object(MappingNode mapping) throws ManifestException {
      ObjectNode object = JSON.objectNode();
      for (NodeTuple entry : mapping.getValue()) {
        if (!(entry.getKeyNode() instanceof ScalarNode key)) {
          throw new ManifestException(line(entry.getKeyNode()), "a key must be plain text");
        }
        if (object.has(key.getValue())) {
          throw new ManifestException(line(key), "field \"" + key.getValue() + "\" stands twice");
        }
        object.set(key.getValue(), build(entry.getValueNode()));
      }
      return object;
    }

    private ArrayNode array(SequenceNode sequence) throws ManifestException {
      ArrayNode array = JSON.arrayNode(sequence.getValue().size());
      for (Node item : sequence.getValue()) {
        array.add(build(item));
      }
      return array;
    }

    private static JsonNode scalar(ScalarNode scalar) throws ManifestException {
      ConstructNode constructor = SCALARS.get(scalar.getTag());
      if (constructor == null) {
        if (scalar.getTag().equals(Tag.STR)) {
          return JSON.textNode(scalar.getValue());
        }
        throw new ManifestException(
            line(scalar), "tag " + scalar.getTag() + " has no meaning in a manifest");
      }
      Object value = null;
      try {
        value = constructor.construct(scalar);
      } catch (RuntimeException unfit) {
        // With a tag that is written out the library takes any text, and fails as it happens to.
      }
      if (value == null && !scalar.getTag().equals(Tag.NULL)) {
        throw new ManifestException(
            line(scalar), "\"" + scalar.getValue() + "\" is no value of tag " + scalar.getTag());
      }
      return leaf(value);
    }

    private static JsonNode leaf(@Nullable Object value) {
      return switch (value) {
        case null -> JSON.nullNode();
        case Boolean flag -> JSON.booleanNode(flag);
        case Integer number -> JSON.numberNode(number);
        case Long number -> JSON.numberNode(number);
        case BigInteger number -> JSON.numberNode(number);
        case Double number -> JSON.numberNode(number);
        default -> JSON.textNode(value.toString());
      };
    }
  }
}
