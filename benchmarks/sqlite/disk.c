/* A model disk, for LD_PRELOAD: every fsync and fdatasync takes MODEL_DISK_NS nanoseconds of real time and does nothing
 * else. It sleeps until shortly before the deadline and spins for the rest, since a sleep alone ends too late. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define SPIN_NS 20000L
#define SECOND_NS 1000000000L

static atomic_long syncs;
static long cost_ns;

__attribute__((constructor)) static void read_cost(void)
{
    const char *text = getenv("MODEL_DISK_NS");
    cost_ns = text ? atol(text) : 0;
}

static long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_until(long deadline)
{
    static _Thread_local int sharpened;
    struct timespec wake = {deadline / SECOND_NS, deadline % SECOND_NS};
    if (!sharpened) {
        prctl(PR_SET_TIMERSLACK, 1UL);
        sharpened = 1;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) == EINTR)
        ;
}

static int take_time(void)
{
    long deadline = now_ns() + cost_ns;
    if (cost_ns > SPIN_NS)
        sleep_until(deadline - SPIN_NS);
    while (now_ns() < deadline)
        ;
    atomic_fetch_add(&syncs, 1);
    return 0;
}

int fsync(int fd)
{
    (void)fd;
    return take_time();
}

int fdatasync(int fd)
{
    (void)fd;
    return take_time();
}

/* How many were made in this process. */
long model_disk_syncs(void)
{
    return atomic_load(&syncs);
}
