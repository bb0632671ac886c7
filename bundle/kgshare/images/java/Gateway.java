import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Forwards ports: the one service of a stack that has a network outside, so that the others need none.
 *
 * <p>Arguments: {@code PORT=HOST:PORT}, at least one. Names are looked up at each connection, so a service that is
 * started again is found again. It reads nothing of what it forwards.
 */
public final class Gateway {
  private static final int MOST_CONNECTIONS = 200; // at a time; the 201st waits to be accepted
  private static final int CONNECT_MILLISECONDS = 3000;
  private static final int BUFFER = 16 * 1024;

  private final Semaphore places = new Semaphore(MOST_CONNECTIONS);

  private record Route(int port, String host, int target) {
    static Route of(String word) {
      int equals = word.indexOf('=');
      int colon = word.lastIndexOf(':');
      if (equals < 1 || colon < equals + 2) {
        throw new IllegalArgumentException("not PORT=HOST:PORT: " + word);
      }
      return new Route(
          Integer.parseInt(word.substring(0, equals)),
          word.substring(equals + 1, colon),
          Integer.parseInt(word.substring(colon + 1)));
    }
  }

  private Gateway() {}

  /** Runs until it is told to stop (SIGTERM ends the JVM, which closes every connection). */
  public static void main(String[] args) throws Exception {
    List<Route> routes = new ArrayList<>();
    try {
      for (String word : args) {
        routes.add(Route.of(word));
      }
      if (routes.isEmpty()) {
        throw new IllegalArgumentException("nothing to forward: give PORT=HOST:PORT");
      }
    } catch (IllegalArgumentException error) {
      System.err.println("kgshare: " + error.getMessage());
      System.exit(2);
    }
    Gateway gateway = new Gateway();
    List<ServerSocket> doors = new ArrayList<>();
    for (Route route : routes) {
      doors.add(new ServerSocket(route.port(), 64)); // all are open before the first is used, or none
    }
    List<Thread> listeners = new ArrayList<>();
    for (int i = 0; i < routes.size(); i++) {
      Route route = routes.get(i);
      ServerSocket door = doors.get(i);
      listeners.add(Thread.ofPlatform().start(() -> gateway.listen(door, route)));
      System.out.println("forwarding " + route.port() + " to " + route.host() + ":" + route.target());
    }
    for (Thread listener : listeners) {
      listener.join();
    }
  }

  private void listen(ServerSocket door, Route route) {
    while (true) {
      places.acquireUninterruptibly();
      try {
        Socket caller = door.accept();
        Thread.ofVirtual().start(() -> serve(caller, route));
      } catch (IOException error) {
        places.release(); // the caller has gone before it was accepted
      }
    }
  }

  /** Joins the two ends; the place is free again when both directions are done. */
  private void serve(Socket caller, Route route) {
    Socket service = new Socket();
    try {
      service.connect(new InetSocketAddress(route.host(), route.target()), CONNECT_MILLISECONDS);
      caller.setTcpNoDelay(true);
      service.setTcpNoDelay(true);
    } catch (IOException error) {
      System.out.println(route.host() + ":" + route.target() + " is not reached: " + error.getMessage());
      close(caller, service);
      places.release();
      return;
    }
    AtomicInteger open = new AtomicInteger(2);
    Thread.ofVirtual().start(() -> pump(caller, service, open));
    pump(service, caller, open);
  }

  private void pump(Socket from, Socket to, AtomicInteger open) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[BUFFER];
      for (int read; (read = in.read(buffer)) > 0; ) {
        out.write(buffer, 0, read);
      }
      to.shutdownOutput(); // one side has said all; the other may still be speaking
    } catch (IOException error) {
      close(from, to); // broken in one direction is broken
    }
    if (open.decrementAndGet() == 0) {
      close(from, to);
      places.release();
    }
  }

  private static void close(Socket... sockets) {
    for (Socket socket : sockets) {
      try {
        socket.close();
      } catch (IOException ignored) {
        // closed is closed
      }
    }
  }
}
