/*
 * A library for tests, put before the C library with LD_PRELOAD: it lets the disk fail, the process die and the clock jump where a
 * test says so. SQLite and Node both reach the disk and the time through the functions below.
 *
 * What to do stands in the file that INTERPOSE_ORDERS names, one word and its value a line, and is read anew at each call:
 *   order 3             a new number counts the calls from one again
 *   path *\/x.db*        calls about paths like this count (fnmatch)
 *   calls write fsync   calls of these kinds count: open, open-write, read, write, fsync, truncate, rename (by the old name), unlink, mkdir
 *   at 5                the first call that is met; those before it are done
 *   count 1             how many calls are met from there on; -1 for all
 *   do kill-before      or kill-after, tear (half is written, then it dies), short (half is written, and told), or the name of an errno
 *   trace /some/file    each call that counts is noted here as `number kind path`, before it is done
 *   clock 86400000      milliseconds that the time of day is ahead
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { text_max = 4096, path_max = 1024 };

struct orders {
  long order, at, count;
  long long clock_ms;
  char path[path_max], calls[256], action[32], trace[path_max];
};

enum verdict { pass, kill_before, kill_after, tear, shorten, fail };

static char orders_path[path_max];
static atomic_long order_seen, calls_seen;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("INTERPOSE_ORDERS");
  if (path != NULL) snprintf(orders_path, sizeof orders_path, "%s", path);
  /* Processes that this one starts are left alone. */
  unsetenv("LD_PRELOAD");
}

/* By system calls alone, so that nothing here is met by itself. */
static int read_orders(struct orders *orders) {
  char text[text_max];
  memset(orders, 0, sizeof *orders);
  if (orders_path[0] == 0) return 0;
  int saved = errno;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, orders_path, O_RDONLY | O_CLOEXEC);
  long size = fd < 0 ? -1 : syscall(SYS_read, fd, text, sizeof text - 1);
  if (fd >= 0) syscall(SYS_close, fd);
  errno = saved;
  if (size <= 0) return 0;
  text[size] = 0;
  orders->count = 1;
  char *rest = NULL;
  for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char *value = strchr(line, ' ');
    if (value == NULL) continue;
    *value++ = 0;
    if (strcmp(line, "order") == 0) orders->order = atol(value);
    else if (strcmp(line, "at") == 0) orders->at = atol(value);
    else if (strcmp(line, "count") == 0) orders->count = atol(value);
    else if (strcmp(line, "clock") == 0) orders->clock_ms = atoll(value);
    else if (strcmp(line, "path") == 0) snprintf(orders->path, sizeof orders->path, "%s", value);
    else if (strcmp(line, "calls") == 0) snprintf(orders->calls, sizeof orders->calls, " %s ", value);
    else if (strcmp(line, "do") == 0) snprintf(orders->action, sizeof orders->action, "%s", value);
    else if (strcmp(line, "trace") == 0) snprintf(orders->trace, sizeof orders->trace, "%s", value);
  }
  return 1;
}

static void note(const char *file, long number, const char *call, const char *path) {
  char line[path_max + 64];
  int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

static const struct { const char *name; int number; } errors[] = {
    {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EFBIG", EFBIG}, {"EIO", EIO}, {"EROFS", EROFS}, {"EACCES", EACCES}};

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

/* What becomes of a call about a path. errno is set when it is to fail. */
static enum verdict judge(const char *call, const char *path) {
  struct orders orders;
  if (!read_orders(&orders) || orders.path[0] == 0) return pass;
  char word[32];
  snprintf(word, sizeof word, " %s ", call);
  if (strstr(orders.calls, word) == NULL || fnmatch(orders.path, path, 0) != 0) return pass;
  if (atomic_exchange(&order_seen, orders.order) != orders.order) atomic_store(&calls_seen, 0);
  long number = atomic_fetch_add(&calls_seen, 1) + 1;
  if (orders.trace[0] != 0) note(orders.trace, number, call, path);
  int met = orders.at > 0 && number >= orders.at && (orders.count < 0 || number < orders.at + orders.count);
  if (!met) return pass;
  if (strcmp(orders.action, "kill-before") == 0) die();
  if (strcmp(orders.action, "kill-after") == 0) return kill_after;
  if (strcmp(orders.action, "tear") == 0) return tear;
  if (strcmp(orders.action, "short") == 0) return shorten;
  for (size_t index = 0; index < sizeof errors / sizeof errors[0]; index++) {
    if (strcmp(orders.action, errors[index].name) != 0) continue;
    errno = errors[index].number;
    return fail;
  }
  return pass;
}

static enum verdict judge_file(const char *call, int fd) {
  char link[64], path[path_max];
  if (orders_path[0] == 0) return pass;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return pass;
  path[length] = 0;
  return judge(call, path);
}

#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* A call that is done as a whole or not at all. */
#define WHOLE(how, done)                    \
  enum verdict answer = (how);              \
  if (answer == fail) return -1;            \
  __typeof__(done) result = (done);         \
  if (answer != pass) die();                \
  return result

/* A call that may be done by half. */
#define PART(how, size, done_of)                                                             \
  enum verdict answer = (how);                                                               \
  if (answer == fail) return -1;                                                             \
  size_t part = (answer == tear || answer == shorten) && (size) > 1 ? (size) / 2 : (size);   \
  ssize_t result = done_of(part);                                                            \
  if (answer == kill_after || answer == tear) die();                                         \
  return result

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(write);
#define DONE(part) real(fd, bytes, part)
  PART(judge_file("write", fd), size, DONE);
#undef DONE
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  REAL(pwrite);
#define DONE(part) real(fd, bytes, part, at)
  PART(judge_file("write", fd), size, DONE);
#undef DONE
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  REAL(pwrite64);
#define DONE(part) real(fd, bytes, part, at)
  PART(judge_file("write", fd), size, DONE);
#undef DONE
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  WHOLE(judge_file("write", fd), real(fd, parts, count));
}

ssize_t read(int fd, void *bytes, size_t size) {
  REAL(read);
  WHOLE(judge_file("read", fd), real(fd, bytes, size));
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at) {
  REAL(pread);
  WHOLE(judge_file("read", fd), real(fd, bytes, size, at));
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) {
  REAL(pread64);
  WHOLE(judge_file("read", fd), real(fd, bytes, size, at));
}

int fsync(int fd) {
  REAL(fsync);
  WHOLE(judge_file("fsync", fd), real(fd));
}

int fdatasync(int fd) {
  REAL(fdatasync);
  WHOLE(judge_file("fsync", fd), real(fd));
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  WHOLE(judge_file("truncate", fd), real(fd, size));
}

int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  WHOLE(judge_file("truncate", fd), real(fd, size));
}

int rename(const char *from, const char *to) {
  REAL(rename);
  WHOLE(judge("rename", from), real(from, to));
}

int unlink(const char *path) {
  REAL(unlink);
  WHOLE(judge("unlink", path), real(path));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  WHOLE(judge("mkdir", path), real(path, mode));
}

/* The mode is there only when a file may be made. */
#define MODE_OF(flags)                             \
  mode_t mode = 0;                                 \
  if ((flags) & (O_CREAT | O_TMPFILE)) {           \
    va_list more;                                  \
    va_start(more, flags);                         \
    mode = va_arg(more, mode_t);                   \
    va_end(more);                                  \
  }
#define OPENING(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & O_CREAT) ? "open-write" : "open")

int open(const char *path, int flags, ...) {
  REAL(open);
  MODE_OF(flags)
  WHOLE(judge(OPENING(flags), path), real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  MODE_OF(flags)
  WHOLE(judge(OPENING(flags), path), real(path, flags, mode));
}

static long long ahead_ms(void) {
  struct orders orders;
  return read_orders(&orders) ? orders.clock_ms : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) {
    long long ms = ahead_ms();
    long long ns = time->tv_nsec + (ms % 1000) * 1000000;
    time->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    time->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *time, void *zone) {
  REAL(gettimeofday);
  int result = real(time, zone);
  if (result == 0) {
    long long ms = ahead_ms();
    long long us = time->tv_usec + (ms % 1000) * 1000;
    time->tv_sec += ms / 1000 + (us < 0 ? -1 : us / 1000000);
    time->tv_usec = us < 0 ? us + 1000000 : us % 1000000;
  }
  return result;
}
