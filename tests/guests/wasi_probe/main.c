// One command for each feature of WASI that the program passes on.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int failed(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 1;
}

static int copy(FILE* from, FILE* to) {
  char block[4096];
  size_t count;
  while ((count = fread(block, 1, sizeof block, from)) > 0) fwrite(block, 1, count, to);
  return ferror(from) || fflush(to) != 0 ? failed("copy") : 0;
}

static int read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return failed(path);
  const int code = copy(file, stdout);
  fclose(file);
  return code;
}

static int write_file(const char* path, const char* text) {
  FILE* file = fopen(path, "wb");
  if (file == NULL) return failed(path);
  const int wrote = fputs(text, file) >= 0;
  return fclose(file) == 0 && wrote ? 0 : failed(path);
}

static int list_folder(const char* path) {
  DIR* folder = opendir(path);
  if (folder == NULL) return failed(path);
  for (const struct dirent* entry; (entry = readdir(folder)) != NULL;) puts(entry->d_name);
  closedir(folder);
  return 0;
}

static int clocks(void) {
  struct timespec before;
  struct timespec after;
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &before) != 0 || clock_gettime(CLOCK_MONOTONIC, &after) != 0 ||
      clock_gettime(CLOCK_REALTIME, &now) != 0) {
    return failed("clock_gettime");
  }
  const int ordered =
      after.tv_sec > before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec >= before.tv_nsec);
  printf("monotonic %s\nrealtime %lld\n", ordered ? "ordered" : "backwards", (long long)now.tv_sec);
  return 0;
}

static int random_bytes(void) {
  unsigned char bytes[16];
  if (getentropy(bytes, sizeof bytes) != 0) return failed("getentropy");
  for (size_t i = 0; i < sizeof bytes; ++i) printf("%02x", bytes[i]);
  putchar('\n');
  return 0;
}

int main(int argc, char** argv) {
  const char* command = argc > 1 ? argv[1] : "";
  const char* first = argc > 2 ? argv[2] : "";
  const char* second = argc > 3 ? argv[3] : "";
  if (strcmp(command, "args") == 0) {
    for (int i = 0; i < argc; ++i) puts(argv[i]);
    return 0;
  }
  if (strcmp(command, "env") == 0) {
    for (char** variable = environ; *variable != NULL; ++variable) puts(*variable);
    return 0;
  }
  if (strcmp(command, "exit") == 0) return atoi(first);
  if (strcmp(command, "cat") == 0) return copy(stdin, stdout);
  if (strcmp(command, "read") == 0) return read_file(first);
  if (strcmp(command, "write") == 0) return write_file(first, second);
  if (strcmp(command, "list") == 0) return list_folder(first);
  if (strcmp(command, "clock") == 0) return clocks();
  if (strcmp(command, "random") == 0) return random_bytes();
  if (strcmp(command, "error") == 0) return fprintf(stderr, "%s\n", first) > 0 ? 0 : 1;
  if (strcmp(command, "sleep") == 0) return (int)sleep((unsigned)atoi(first));
  if (strcmp(command, "trap") == 0) __builtin_trap();
  fprintf(stderr, "wasi_probe: no command '%s'\n", command);
  return 64;
}
