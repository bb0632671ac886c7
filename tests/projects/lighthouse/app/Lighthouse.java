import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;

/** A page of lighthouses, tallest first. It is told where the database is as every application of kgshare's is. */
public final class Lighthouse {
  private static final String TALLEST =
      "MATCH (l:Lighthouse)-[:STANDS_ON]->(c) RETURN l.name + ' (' + c.name + '): ' + l.metres + ' m' AS line"
          + " ORDER BY l.metres DESC";

  private Lighthouse() {}

  private static String variable(String name, String usual) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? usual : value;
  }

  public static void main(String[] words) throws Exception {
    int port = Integer.parseInt(variable("KGSHARE_PAGE_PORT", "8090"));
    if (words.length > 0 && words[0].equals("--health")) {
      System.exit(isWell(port) ? 0 : 1);
    }
    Path password = Path.of(variable("NEO4J_PASSWORD_FILE", "password"));
    Driver driver =
        GraphDatabase.driver(
            variable("NEO4J_URI", "bolt://localhost:7687"),
            AuthTokens.basic(variable("NEO4J_USER", "neo4j"), Files.readString(password).strip()));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(variable("KGSHARE_PAGE_HOST", "0.0.0.0"), port), 0);
    server.createContext("/health", exchange -> answer(exchange, "ok\n"));
    server.createContext("/", exchange -> answer(exchange, lines(driver)));
    server.start();
  }

  private static String lines(Driver driver) {
    return driver.executableQuery(TALLEST).execute().records().stream()
        .map(row -> row.get("line").asString() + "\n")
        .collect(Collectors.joining());
  }

  private static boolean isWell(int port) throws IOException {
    HttpURLConnection asked =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/health").toURL().openConnection();
    asked.setConnectTimeout(2000);
    asked.setReadTimeout(2000);
    return asked.getResponseCode() == 200;
  }

  private static void answer(HttpExchange exchange, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(200, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
