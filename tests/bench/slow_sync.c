/* A slower disk: every fsync and fdatasync takes SLOW_SYNC_MICROSECONDS longer.
 *
 * Loaded with LD_PRELOAD into the product and into the comparator alike. The sleep comes after the
 * real call, so that what was synced is on disk when it returns.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

typedef int (*sync_call)(int);

static void linger(void) {
  const char *text = getenv("SLOW_SYNC_MICROSECONDS");
  long microseconds = text ? atol(text) : 0;
  struct timespec rest = {microseconds / 1000000, (microseconds % 1000000) * 1000};
  int saved = errno;
  while (microseconds > 0 && nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
  errno = saved;
}

int fsync(int file) {
  static sync_call real;
  if (!real) real = (sync_call)dlsym(RTLD_NEXT, "fsync");
  int result = real(file);
  linger();
  return result;
}

int fdatasync(int file) {
  static sync_call real;
  if (!real) real = (sync_call)dlsym(RTLD_NEXT, "fdatasync");
  int result = real(file);
  linger();
  return result;
}
