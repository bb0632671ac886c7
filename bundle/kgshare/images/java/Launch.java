import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.URL;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * The database's entry point: sees to the store and the password, then starts Neo4j in the same JVM and in the foreground.
 *
 * <p>The password is a file on a volume that only this stack's containers share. Where it is missing a random one is
 * made: nobody ever types it, and no image, environment, log or command line holds it. Neo4j is given it before its
 * first start, through its own class for that, in this process.
 *
 * <p>Arguments: {@code --home-dir=DIR --config-dir=DIR}, handed on to Neo4j. Environment: {@code
 * KGSHARE_PASSWORD_FILE}, {@code KGSHARE_DATA} (the data folder, to see whether a system database is there).
 */
public final class Launch {
  private static final String ENTRY_POINT = "META-INF/services/org.neo4j.server.startup.EntryPoint";
  private static final int PASSWORD_BYTES = 32;

  private Launch() {}

  /** Ends with 1 and one sentence where the password cannot be seen to; otherwise as Neo4j ends. */
  public static void main(String[] args) throws Throwable {
    Path password = Path.of(environment("KGSHARE_PASSWORD_FILE", "/var/lib/kgshare/auth/password"));
    Path data = Path.of(environment("KGSHARE_DATA", "/data"));
    try {
      Corrections.lay(data);
    } catch (IOException error) {
      fail("the corrections cannot be written into the store in " + data + ": " + error);
    }
    try {
      prepare(password, data, args);
    } catch (IOException error) {
      fail("the password file " + password + " cannot be written or read: " + error);
    }
    knowOwnName();
    List<String> words = new ArrayList<>(Arrays.asList(args));
    words.add("--console-mode"); // a server that is not told so takes its console for closed and says nothing
    entryPoint()
        .getMethod("main", String[].class)
        .invoke(null, (Object) words.toArray(String[]::new));
  }

  /** Log4j counts a machine without a name as an error, and Neo4j then ends without a word. */
  private static void knowOwnName() {
    try {
      InetAddress.getLocalHost();
    } catch (UnknownHostException error) {
      fail(
          "this container's own name is not in its /etc/hosts ("
              + error.getMessage()
              + "); give it a network, or start it with --hostname localhost");
    }
  }

  private static void prepare(Path password, Path data, String[] args) throws Throwable {
    // What Neo4j itself asks before it believes an initial password: is there a system database?
    boolean opened = Files.isDirectory(data.resolve("databases/system"));
    boolean known = Files.isReadable(password) && !Files.readString(password).isBlank();
    if (opened && !known) {
      fail(
          "this volume has been started before, and the password made for it is gone from "
              + password
              + "; take the stack down with its volumes and start it again, or give the file back");
    }
    if (opened) {
      return;
    }
    String secret = known ? Files.readString(password).strip() : write(password, random());
    setInitialPassword(option(args, "--home-dir="), option(args, "--config-dir="), secret);
  }

  private static String random() {
    byte[] bytes = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** Written aside, then renamed: whoever waits for the file never reads half a password. */
  private static String write(Path password, String secret) throws IOException {
    Path aside = password.resolveSibling(".password.part");
    Files.deleteIfExists(aside);
    Files.createFile(
        aside, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(aside, secret + "\n", StandardCharsets.US_ASCII);
    Files.setPosixFilePermissions(aside, PosixFilePermissions.fromString("r--r--r--"));
    Files.move(aside, password, StandardCopyOption.ATOMIC_MOVE);
    return secret;
  }

  /** {@code neo4j-admin dbms set-initial-password} without a process of its own, whose words others could read. */
  private static void setInitialPassword(String home, String conf, String secret) throws Throwable {
    Class<?> context = Class.forName("org.neo4j.cli.ExecutionContext");
    Class<?> files = Class.forName("org.neo4j.io.fs.FileSystemAbstraction");
    Class<?> disk = Class.forName("org.neo4j.io.fs.DefaultFileSystemAbstraction");
    PrintStream silent = new PrintStream(PrintStream.nullOutputStream());
    Object there =
        context
            .getConstructor(Path.class, Path.class, PrintStream.class, PrintStream.class, files)
            .newInstance(
                Path.of(home), Path.of(conf), silent, System.err, disk.getConstructor().newInstance());
    Class<?> command =
        Class.forName("org.neo4j.commandline.admin.security.SetInitialPasswordCommand");
    Object set = command.getConstructor(context).newInstance(there);
    var field = command.getDeclaredField("password");
    field.setAccessible(true);
    field.set(set, secret);
    command.getMethod("execute").invoke(set);
  }

  /** Neo4j's main class, as its jar names it: it differs between the 5 and the 2026 line. */
  private static Class<?> entryPoint() throws IOException, ClassNotFoundException {
    URL services = Launch.class.getClassLoader().getResource(ENTRY_POINT);
    if (services == null) {
      fail("no Neo4j server is on the class path");
    }
    try (InputStream in = services.openStream()) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        if (!line.isBlank() && !line.startsWith("#")) {
          return Class.forName(line.strip());
        }
      }
    }
    throw new IOException("no class in " + ENTRY_POINT);
  }

  private static String option(String[] args, String name) {
    return Arrays.stream(args)
        .filter(word -> word.startsWith(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(name + "DIR is missing"))
        .substring(name.length());
  }

  private static String environment(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isBlank() ? otherwise : value;
  }

  private static void fail(String reason) {
    System.err.println("kgshare: " + reason);
    System.exit(1);
  }
}
