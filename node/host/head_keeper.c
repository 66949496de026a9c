#include "head_keeper.h"

#include "file.h"
#include "log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct head_keeper {
    char path[FILE_PATH_SIZE_MAX];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given;
    bool waiting;
    bool stopping;
    bool failed; /* the last write */
    struct head_record record;
    struct head_keeper_counters counters;
};

static void write_record(struct head_keeper *keeper, const struct head_record *record)
{
    struct explanation explanation = {""};
    enum status status = head_file_write(keeper->path, record, &explanation);
    pthread_mutex_lock(&keeper->lock);
    keeper->counters.writes += 1;
    keeper->counters.failures += status != STATUS_OK;
    bool news = status != STATUS_OK && !keeper->failed;
    keeper->failed = status != STATUS_OK;
    if (status == STATUS_OK) {
        keeper->counters.seq = record->seq;
    }
    pthread_mutex_unlock(&keeper->lock);
    if (news) {
        log_event(LOG_ERROR, "head_file_failed", log_text("reason", explanation.text));
    }
}

static void *serve(void *argument)
{
    struct head_keeper *keeper = argument;
    pthread_mutex_lock(&keeper->lock);
    while (keeper->waiting || !keeper->stopping) {
        if (!keeper->waiting) {
            pthread_cond_wait(&keeper->given, &keeper->lock);
            continue;
        }
        struct head_record record = keeper->record;
        keeper->waiting = false;
        pthread_mutex_unlock(&keeper->lock);
        write_record(keeper, &record);
        pthread_mutex_lock(&keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct head_keeper *head_keeper_start(const char *path)
{
    struct head_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return NULL;
    }
    (void)snprintf(keeper->path, sizeof keeper->path, "%s", path);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->given, NULL);
    if (pthread_create(&keeper->thread, NULL, serve, keeper) != 0) {
        pthread_cond_destroy(&keeper->given);
        pthread_mutex_destroy(&keeper->lock);
        free(keeper);
        return NULL;
    }
    return keeper;
}

bool head_keeper_stop(struct head_keeper *keeper)
{
    if (keeper == NULL) {
        return true;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->given);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    bool good = !keeper->failed;
    pthread_cond_destroy(&keeper->given);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
    return good;
}

void head_keeper_put(struct head_keeper *keeper, const struct head_record *record)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->record = *record;
    keeper->waiting = true;
    pthread_cond_signal(&keeper->given);
    pthread_mutex_unlock(&keeper->lock);
}

struct head_keeper_counters head_keeper_counters(struct head_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    struct head_keeper_counters counters = keeper->counters;
    pthread_mutex_unlock(&keeper->lock);
    return counters;
}
