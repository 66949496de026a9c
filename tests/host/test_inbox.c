#include "inbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { MANY = 20000, THREADS = 4 };

static bool is_readable(const struct inbox *inbox)
{
    struct pollfd waiting = {.fd = inbox_descriptor(inbox), .events = POLLIN};
    return poll(&waiting, 1, 0) == 1;
}

static void requests_come_out_in_the_order_in_which_they_went_in(void **state)
{
    (void)state;
    struct request requests[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct inbox *inbox = inbox_new(3);
    assert_non_null(inbox);
    for (size_t i = 0; i < 3; i++) {
        assert_true(inbox_put(inbox, &requests[i]));
    }
    assert_ptr_equal(inbox_take(inbox), &requests[0]);
    assert_true(inbox_put(inbox, &requests[0]));
    assert_ptr_equal(inbox_take(inbox), &requests[1]);
    assert_ptr_equal(inbox_take(inbox), &requests[2]);
    assert_ptr_equal(inbox_take(inbox), &requests[0]);
    assert_null(inbox_take(inbox));
    inbox_free(inbox);
}

static void a_full_inbox_says_so_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct request first = {.number = 1};
    struct request second = {.number = 2};
    struct inbox *inbox = inbox_new(1);
    assert_true(inbox_put(inbox, &first));
    assert_false(inbox_put(inbox, &second));
    assert_ptr_equal(inbox_take(inbox), &first);
    assert_true(inbox_put(inbox, &second));
    assert_ptr_equal(inbox_take(inbox), &second);
    inbox_free(inbox);
}

static void a_closed_inbox_takes_nothing_and_gives_what_it_has(void **state)
{
    (void)state;
    struct request first = {.number = 1};
    struct request second = {.number = 2};
    struct inbox *inbox = inbox_new(4);
    assert_true(inbox_put(inbox, &first));
    inbox_close(inbox);
    assert_false(inbox_put(inbox, &second));
    assert_ptr_equal(inbox_take(inbox), &first);
    assert_null(inbox_take(inbox));
    inbox_free(inbox);
}

static void the_descriptor_is_readable_exactly_while_something_waits(void **state)
{
    (void)state;
    struct request requests[2] = {{.number = 1}, {.number = 2}};
    struct inbox *inbox = inbox_new(8);
    assert_false(is_readable(inbox));
    assert_true(inbox_put(inbox, &requests[0]));
    assert_true(inbox_put(inbox, &requests[1]));
    assert_true(is_readable(inbox));
    assert_non_null(inbox_take(inbox));
    assert_true(is_readable(inbox));
    assert_non_null(inbox_take(inbox));
    assert_false(is_readable(inbox));
    assert_null(inbox_take(inbox));
    assert_false(is_readable(inbox));
    inbox_free(inbox);
}

struct sender {
    struct inbox *inbox;
    struct request *requests; /* MANY of them */
};

static void *send_all(void *argument)
{
    struct sender *sender = argument;
    for (size_t i = 0; i < MANY; i++) {
        while (!inbox_put(sender->inbox, &sender->requests[i])) {
            (void)sched_yield();
        }
    }
    return NULL;
}

static void four_threads_lose_and_double_nothing(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(64);
    struct request *requests = calloc((size_t)MANY * THREADS, sizeof *requests);
    uint32_t *next = calloc(THREADS, sizeof *next);
    pthread_t threads[THREADS];
    struct sender senders[THREADS];
    assert_non_null(requests);
    for (size_t t = 0; t < THREADS; t++) {
        senders[t] = (struct sender){.inbox = inbox, .requests = requests + t * MANY};
        for (size_t i = 0; i < MANY; i++) {
            senders[t].requests[i].number = i;
            senders[t].requests[i].till = (uint32_t)t;
        }
        assert_int_equal(pthread_create(&threads[t], NULL, send_all, &senders[t]), 0);
    }
    for (size_t taken = 0; taken < (size_t)MANY * THREADS; taken++) {
        struct pollfd waiting = {.fd = inbox_descriptor(inbox), .events = POLLIN};
        assert_int_equal(poll(&waiting, 1, 10000), 1);
        const struct request *request = inbox_take(inbox);
        assert_non_null(request);
        /* Each thread's requests come in its own order, each once. */
        assert_int_equal(request->number, next[request->till]);
        next[request->till] += 1;
    }
    for (size_t t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
    assert_null(inbox_take(inbox));
    free(next);
    free(requests);
    inbox_free(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_out_in_the_order_in_which_they_went_in),
        cmocka_unit_test(a_full_inbox_says_so_and_keeps_what_it_has),
        cmocka_unit_test(a_closed_inbox_takes_nothing_and_gives_what_it_has),
        cmocka_unit_test(the_descriptor_is_readable_exactly_while_something_waits),
        cmocka_unit_test(four_threads_lose_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
