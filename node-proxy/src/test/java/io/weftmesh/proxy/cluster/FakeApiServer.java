package io.weftmesh.proxy.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The part of an API server that a watcher needs: discovery, lists in pages, watches from a
 * version; and the ways in which one fails. Thread-safe.
 */
final class FakeApiServer implements AutoCloseable {
  /** Group and version of the collections that are served, by their names. */
  private static final Map<String, List<String>> SERVED =
      Map.of(
          "v1", List.of("namespaces Namespace", "nodes Node", "pods Pod", "services Service"),
          "discovery.k8s.io/v1", List.of("endpointslices EndpointSlice"),
          "gateway.networking.k8s.io/v1",
              List.of("httproutes HTTPRoute", "grpcroutes GRPCRoute", "tcproutes TCPRoute"),
          "policy.weftmesh.io/v1alpha1",
              List.of(
                  "trafficshifts TrafficShift",
                  "trafficpolicies TrafficPolicy",
                  "meshsecurities MeshSecurity",
                  "accesspolicies AccessPolicy"));

  private final ObjectMapper json = new ObjectMapper();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final Map<String, Map<String, ObjectNode>> collections = new HashMap<>();
  private final List<Watch> watches = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private final Map<String, Integer> refused = new HashMap<>();
  private volatile CountDownLatch frozen = new CountDownLatch(0);
  private long version = 100;
  private long oldest;

  /** One open watch. */
  private record Watch(String collection, HttpExchange exchange) {}

  FakeApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Creates or changes an object, and tells those who watch. */
  synchronized void apply(String collection, HasMetadata object) {
    ObjectNode node = json.valueToTree(object);
    version++;
    ((ObjectNode) node.get("metadata")).put("resourceVersion", Long.toString(version));
    String key = key(node);
    boolean known =
        collections.computeIfAbsent(collection, c -> new TreeMap<>()).put(key, node) != null;
    tell(collection, known ? "MODIFIED" : "ADDED", node);
  }

  /** Deletes an object by namespace and name. */
  synchronized void delete(String collection, String key) {
    ObjectNode node = collections.get(collection).remove(key);
    version++;
    ((ObjectNode) node.get("metadata")).put("resourceVersion", Long.toString(version));
    tell(collection, "DELETED", node);
  }

  /** Ends every watch; none of them can be taken up again where it was (410). */
  synchronized void forgetHistory() {
    version++;
    oldest = version;
    cutWatches();
  }

  /** Ends every watch. */
  synchronized void cutWatches() {
    watches.forEach(watch -> watch.exchange.close());
    watches.clear();
  }

  /** From now on the collection is answered with this status; 0 for as it should be. */
  synchronized void refuse(String collection, int status) {
    refused.put(collection, status);
  }

  /** From now on nothing is answered, and nobody is told anything; connections stay. */
  synchronized void freeze() {
    frozen = new CountDownLatch(1);
    watches.clear();
  }

  /** Answers again. */
  void thaw() {
    frozen.countDown();
  }

  /** How many are watching. */
  synchronized int watching(String collection) {
    return (int) watches.stream().filter(watch -> watch.collection.equals(collection)).count();
  }

  /** The requests so far whose path or query contains the text. */
  synchronized List<String> asked(String text) {
    return asked.stream().filter(request -> request.contains(text)).toList();
  }

  private static String key(ObjectNode object) {
    String namespace = object.at("/metadata/namespace").asText("");
    String name = object.at("/metadata/name").asText();
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    try {
      frozen.await();
    } catch (InterruptedException closing) {
      exchange.close();
      return;
    }
    synchronized (this) {
      asked.add(exchange.getRequestURI().getPath() + "?" + exchange.getRequestURI().getQuery());
    }
    if (path.equals("/livez")) {
      answer(exchange, 200, "ok");
      return;
    }
    String below = path.startsWith("/apis/") ? path.substring(6) : path.substring("/api/".length());
    if (SERVED.containsKey(below)) {
      answer(exchange, 200, resources(below));
      return;
    }
    int slash = below.lastIndexOf('/');
    String version = slash < 0 ? "" : below.substring(0, slash);
    String collection = below.substring(slash + 1);
    int status;
    synchronized (this) {
      status = refused.getOrDefault(collection, 0);
    }
    boolean served =
        SERVED.getOrDefault(version, List.of()).stream()
            .anyMatch(s -> s.startsWith(collection + " "));
    if (status != 0 || !served) {
      answer(
          exchange,
          status == 0 ? 404 : status,
          "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"as the test wants\",\"code\":%d}"
              .formatted(status == 0 ? 404 : status));
    } else if (query(exchange).containsKey("watch")) {
      watch(exchange, version, collection);
    } else {
      list(exchange, version, collection);
    }
  }

  private synchronized String resources(String version) {
    StringBuilder found = new StringBuilder();
    for (String served : SERVED.get(version)) {
      String[] words = served.split(" ", 2);
      if (refused.getOrDefault(words[0], 0) == 404) {
        continue;
      }
      found
          .append(found.isEmpty() ? "" : ",")
          .append(
              "{\"name\":\"%s\",\"kind\":\"%s\",\"namespaced\":true,\"verbs\":[]}"
                  .formatted(words[0], words[1]));
    }
    return "{\"kind\":\"APIResourceList\",\"groupVersion\":\"%s\",\"resources\":[%s]}"
        .formatted(version, found);
  }

  private void list(HttpExchange exchange, String apiVersion, String collection)
      throws IOException {
    Map<String, String> query = query(exchange);
    ObjectNode list = json.createObjectNode();
    synchronized (this) {
      List<ObjectNode> all = List.copyOf(collections.getOrDefault(collection, Map.of()).values());
      int from = Integer.parseInt(query.getOrDefault("continue", "0"));
      int to =
          Math.min(all.size(), from + Integer.parseInt(query.getOrDefault("limit", "1000000")));
      list.put("apiVersion", apiVersion).put("kind", "List");
      ObjectNode metadata = list.putObject("metadata");
      metadata.put("resourceVersion", Long.toString(version));
      if (to < all.size()) {
        metadata.put("continue", Integer.toString(to));
      }
      list.putArray("items").addAll(all.subList(from, to));
    }
    answer(exchange, 200, list.toString());
  }

  private static String kind(String apiVersion, String collection) {
    return SERVED.get(apiVersion).stream()
        .filter(served -> served.startsWith(collection + " "))
        .map(served -> served.substring(collection.length() + 1))
        .findFirst()
        .orElseThrow();
  }

  private synchronized void watch(HttpExchange exchange, String apiVersion, String collection)
      throws IOException {
    long from = Long.parseLong(query(exchange).getOrDefault("resourceVersion", "0"));
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    if (from < oldest) {
      write(
          exchange,
          "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too"
              + " old resource version\"}}");
      exchange.close();
      return;
    }
    watches.add(new Watch(collection, exchange));
    write(
        exchange,
        "{\"type\":\"BOOKMARK\",\"object\":{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"resourceVersion\":\"%d\"}}}"
            .formatted(apiVersion, kind(apiVersion, collection), from));
    for (ObjectNode node : collections.getOrDefault(collection, Map.of()).values()) {
      if (node.at("/metadata/resourceVersion").asLong() > from) {
        write(exchange, event("MODIFIED", node));
      }
    }
    exchange.getResponseBody().flush();
  }

  private void tell(String collection, String type, ObjectNode node) {
    for (Watch watch : List.copyOf(watches)) {
      if (watch.collection.equals(collection)) {
        try {
          write(watch.exchange, event(type, node));
        } catch (IOException gone) {
          watches.remove(watch);
        }
      }
    }
  }

  private static String event(String type, ObjectNode node) {
    return "{\"type\":\"%s\",\"object\":%s}".formatted(type, node);
  }

  private static void write(HttpExchange exchange, String line) throws IOException {
    OutputStream out = exchange.getResponseBody();
    out.write((line + "\n").getBytes(UTF_8));
    out.flush();
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new LinkedHashMap<>();
    String text = exchange.getRequestURI().getQuery();
    if (text != null) {
      for (String pair : text.split("&", -1)) {
        int equals = pair.indexOf('=');
        query.put(
            equals < 0 ? pair : pair.substring(0, equals),
            equals < 0 ? "" : pair.substring(equals + 1));
      }
    }
    return query;
  }

  @Override
  public void close() {
    thaw();
    cutWatches();
    server.stop(0);
    threads.shutdownNow();
  }
}
