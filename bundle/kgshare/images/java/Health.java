import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * Whether Bolt answers: exit code 0 or 1. A health check in an image without a shell.
 *
 * <p>Bolt's handshake (Bolt Protocol handshake specification): four bytes of magic, four versions that the client would
 * speak; the server answers with the one it takes. Neo4j opens Bolt when its databases are ready.
 */
public final class Health {
  private static final int MAGIC = 0x6060B017;
  private static final int[] VERSIONS = {0x00080805, 0x00020404, 0, 0}; // 5.8 down to 5.0, 4.4 down to 4.2
  private static final int MILLISECONDS = 2000;

  private Health() {}

  /** The one argument is Bolt's port, 7687 where it is missing. */
  public static void main(String[] args) {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 7687;
    System.exit(answers(port) ? 0 : 1);
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), MILLISECONDS);
      socket.setSoTimeout(MILLISECONDS);
      byte[] words = new byte[20];
      put(words, 0, MAGIC);
      for (int i = 0; i < VERSIONS.length; i++) {
        put(words, 4 + 4 * i, VERSIONS[i]);
      }
      socket.getOutputStream().write(words);
      return new DataInputStream(socket.getInputStream()).readInt() != 0;
    } catch (IOException error) {
      System.out.println("Bolt does not answer on port " + port + ": " + error.getMessage());
      return false;
    }
  }

  private static void put(byte[] into, int at, int word) {
    for (int i = 0; i < 4; i++) {
      into[at + i] = (byte) (word >>> (24 - 8 * i));
    }
  }
}
