package io.weftmesh.proxy.http.codec;

/** Walks the members of a comma-separated field value without making strings of them. */
final class ListMember {
  private final Head head;
  private final int valueEnd;
  private int next;
  int start;
  int end;

  ListMember(Head head, int place) {
    this.head = head;
    this.next = head.valueStart(place);
    this.valueEnd = head.valueEnd(place);
  }

  /** Steps to the next member that is not empty. */
  boolean next() {
    while (next < valueEnd) {
      int comma = next;
      while (comma < valueEnd && head.bytes[comma] != ',') {
        comma++;
      }
      start = next;
      end = comma;
      next = comma + 1;
      while (start < end && Chars.isBlank(head.bytes[start])) {
        start++;
      }
      while (end > start && Chars.isBlank(head.bytes[end - 1])) {
        end--;
      }
      if (start < end) {
        return true;
      }
    }
    return false;
  }

  boolean is(byte[] lowerCase) {
    return Field.equalsIgnoreCase(head.bytes, start, end, lowerCase);
  }
}
