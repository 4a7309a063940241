/* tandem in a loop of epoll: a completion queue beside a timer. Each tick submits a view, and each
 * view that is ready makes the queue's descriptor readable; nothing in the loop waits for the GPU.
 */
#define _XOPEN_SOURCE 700

#include "event_views.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void check_call(int result, const char *call)
{
    if (result >= 0)
        return;
    perror(call);
    exit(1);
}

static int make_timer(void)
{
    const struct timespec tick = {.tv_nsec = VIEW_TICK_MS * 1000000};
    const struct itimerspec every = {.it_interval = tick, .it_value = tick};
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    check_call(timer, "timerfd_create");
    check_call(timerfd_settime(timer, 0, &every, NULL), "timerfd_settime");
    return timer;
}

static void add(int epoll, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    check_call(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

static void on_tick(int timer, event_views *v)
{
    unsigned long long ticks;
    if (read(timer, &ticks, sizeof ticks) == sizeof ticks)
        v->ticks += (unsigned)ticks;
    submit_view(v);
}

int main(void)
{
    event_views v;
    open_views(&v);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    check_call(epoll, "epoll_create1");
    const int timer = make_timer();
    add(epoll, timer);
    add(epoll, td_completion_queue_descriptor(v.queue));
    for (int done = 0; !done;) {
        struct epoll_event events[2];
        const int count = epoll_wait(epoll, events, 2, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == timer)
                on_tick(timer, &v);
            else
                done = take_views(&v);
        }
    }
    close(timer);
    close(epoll);
    close_views(&v, "epoll");
    return 0;
}
