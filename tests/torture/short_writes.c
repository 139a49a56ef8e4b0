/* Have one write to a regular file write half of its bytes, as the system may: see short_writes.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile struct { int armed, seen, when, done; } *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DATAPLANE_SHORT_WRITES");
    int handle = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (handle < 0) return;
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (memory != MAP_FAILED) control = memory;
    close(handle);
}

static size_t shortened(int file, size_t size) {
    struct stat status;
    if (!control || !control->armed || size < 2) return size;
    if (fstat(file, &status) || !S_ISREG(status.st_mode)) return size;
    if (__atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST) != control->when) return size;
    control->done = 1;
    return size / 2;
}

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return real(file, data, shortened(file, size));
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return real(file, data, shortened(file, size), place);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t place) {
    return pwrite64(file, data, size, place);
}
