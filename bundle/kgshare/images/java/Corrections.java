import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Lays the pages that corrections changed over the store that they were made on.
 *
 * <p>Below the data folder stand {@code over/list} and {@code over/pages}. A line of the list is a file, relative to the
 * data folder; its size, or {@code -} where it goes; and {@code OFFSET+LENGTH} for each run of pages that is written into
 * it, with a tab between them. The bytes stand in {@code pages} in the same order. kgshare.images.corrections writes both.
 *
 * <p>The list goes when all of it is on the disk. Whatever ends this before, it is done again from the beginning, and
 * writing the same pages twice is writing them once.
 */
final class Corrections {
  private Corrections() {}

  /** Does it where there is something to lay over; a store that was opened before has nothing. */
  static void lay(Path data) throws IOException {
    Path over = data.resolve("over");
    Path list = over.resolve("list");
    Path pages = over.resolve("pages");
    // A store that was opened has a system database beside it: what lies here then was laid before, and is only left over.
    if (Files.exists(list) && !Files.isDirectory(data.resolve("databases/system"))) {
      try (FileChannel from = FileChannel.open(pages, StandardOpenOption.READ)) {
        for (String line : Files.readAllLines(list)) {
          lay(data, line.split("\t"), from);
        }
      }
    }
    if (Files.deleteIfExists(list)) {
      try (FileChannel folder = FileChannel.open(over, StandardOpenOption.READ)) {
        folder.force(true); // that it is gone must be on the disk before the store is written to
      }
    }
    Files.deleteIfExists(pages);
    Files.deleteIfExists(over);
  }

  private static void lay(Path data, String[] words, FileChannel from) throws IOException {
    Path file = data.resolve(words[0]).normalize();
    if (!file.startsWith(data)) {
      throw new IOException(words[0] + " leads out of " + data);
    }
    if (words[1].equals("-")) {
      Files.deleteIfExists(file);
      return;
    }
    Files.createDirectories(file.getParent());
    try (FileChannel to =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      for (int run = 2; run < words.length; run++) {
        String[] ends = words[run].split("\\+");
        to.position(Long.parseLong(ends[0]));
        copy(from, to, Long.parseLong(ends[1]));
      }
      to.truncate(Long.parseLong(words[1]));
      to.force(true);
    }
  }

  private static void copy(FileChannel from, FileChannel to, long length) throws IOException {
    for (long left = length; left > 0; ) {
      long moved = from.transferTo(from.position(), left, to);
      if (moved <= 0) {
        throw new IOException("the pages end too early");
      }
      from.position(from.position() + moved);
      left -= moved;
    }
  }
}
