/* Inside the API: what all calls share. */
#ifndef API_STATE_H
#define API_STATE_H

#include "api.h"
#include "auth.h"

#include <pthread.h>
#include <stdatomic.h>

struct api {
    struct auth *auth;
    _Atomic int32_t zone_minutes;
    pthread_mutex_t publishing; /* health and metrics */
    struct api_health health;
    char *metrics;
    size_t metrics_size;
};

#endif
