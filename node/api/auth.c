#include "auth.h"

#include "json.h"
#include "render.h"
#include "text.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* One list of tokens, never changed once it is in force. */
struct token_list {
    struct token_list *before; /* replaced ones live on: a reader may hold one */
    size_t count;
    struct token tokens[];
};

struct auth {
    char *path;
    pthread_mutex_t writing;
    struct token_list *_Atomic list;
};

static const struct {
    uint8_t role;
    const char *name;
} roles[] = {
    {TOKEN_TILL, "till"},
    {TOKEN_MANAGER, "manager"},
    {TOKEN_OFFICE, "office"},
    {TOKEN_OPERATOR, "operator"},
};

const char *token_role_name(uint8_t role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (roles[i].role == role) {
            return roles[i].name;
        }
    }
    return "unknown";
}

uint8_t token_role_by_name(struct bytes name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (bytes_equal(name, bytes_of(roles[i].name, strlen(roles[i].name)))) {
            return roles[i].role;
        }
    }
    return 0;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static struct token_list *list_new(size_t count)
{
    return allocate(sizeof(struct token_list) + count * sizeof(struct token));
}

static struct bytes member_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return bytes_of(json_string_value(value), json_string_length(value));
}

static bool token_read(struct bytes line, struct token *token)
{
    char why[160];
    json_t *object = json_parse_object(line, why, sizeof why);
    struct bytes name = member_text(object, "name");
    json_int_t till = json_integer_value(json_object_get(object, "till"));
    int64_t created_ms = 0;
    /* Files from elsewhere may tell the time as a number or not at all: it is only for people. */
    const json_t *created = json_object_get(object, "created");
    if (!time_parse(member_text(object, "created"), &created_ms)) {
        created_ms = json_integer_value(created);
    }
    *token = (struct token){.role = token_role_by_name(member_text(object, "role")),
                            .created_ms = created_ms};
    bool good = till >= 1 && till <= UINT32_MAX && token->role != 0 && name.size >= 1 &&
                name.size <= TOKEN_NAME_SIZE_MAX &&
                hex_parse(member_text(object, "hash"), token->hash, sizeof token->hash);
    if (good) {
        token->till = (uint32_t)till;
        memcpy(token->name, name.data, name.size);
    }
    json_decref(object);
    return good;
}

static bool till_is_new(const struct token_list *list, uint32_t till)
{
    return list->count == 0 || list->tokens[list->count - 1].till < till;
}

/* Every line a token, tills rising. The number of the first line that is not, or 0. */
static size_t list_read(struct bytes content, struct token_list *list)
{
    size_t number = 1;
    while (content.size > 0) {
        const uint8_t *end = memchr(content.data, '\n', content.size);
        size_t size = end == NULL ? content.size : (size_t)(end - content.data);
        struct bytes line = bytes_of(content.data, size);
        size_t taken = end == NULL ? size : size + 1;
        content = bytes_of(content.data + taken, content.size - taken);
        if (line.size > 0) {
            struct token *token = &list->tokens[list->count];
            if (list->count == TOKENS_MAX || !token_read(line, token) ||
                !till_is_new(list, token->till)) {
                return number;
            }
            list->count++;
        }
        number++;
    }
    return 0;
}

/* The file into `list` (room for TOKENS_MAX); false with a sentence. */
static bool file_load(const char *path, struct token_list *list, bool may_be_absent, char *problem,
                      size_t problem_size)
{
    bool good = false;
    uint8_t *memory = allocate(TOKENS_FILE_SIZE_MAX);
    struct buffer content = {.data = memory, .capacity = TOKENS_FILE_SIZE_MAX};
    enum status status = tokens_file_read(path, &content);
    if (status == STATUS_NOT_FOUND && may_be_absent) {
        good = true;
    } else if (status == STATUS_NOT_FOUND) {
        (void)snprintf(
            problem, problem_size,
            "The file of tokens, %s, is not there, so no till could ask anything. Restore it "
            "from a backup, or set the node up anew.",
            path);
    } else if (status != STATUS_OK) {
        (void)snprintf(
            problem, problem_size,
            "The file of tokens, %s, cannot be read. It must belong to the user that runs the "
            "node, and be at most %d bytes.",
            path, TOKENS_FILE_SIZE_MAX);
    } else {
        size_t line = list_read(buffer_bytes(&content), list);
        good = line == 0;
        if (!good) {
            (void)snprintf(
                problem, problem_size,
                "%s:%zu: this line is no token: it should be {\"till\":n,\"name\":..,"
                "\"role\":\"till|manager|office|operator\",\"hash\":64 hex digits}, with "
                "tills rising. Correct or delete it.",
                path, line);
        }
    }
    free(memory);
    return good;
}

struct auth *auth_load(const char *path, bool may_be_absent, char *problem, size_t problem_size)
{
    if (sodium_init() < 0) {
        (void)snprintf(problem, problem_size, "The cryptographic library does not start.");
        return NULL;
    }
    struct token_list *list = list_new(TOKENS_MAX);
    if (!file_load(path, list, may_be_absent, problem, problem_size)) {
        free(list);
        return NULL;
    }
    struct auth *auth = allocate(sizeof *auth);
    auth->path = strdup(path);
    if (auth->path == NULL) {
        abort();
    }
    pthread_mutex_init(&auth->writing, NULL);
    atomic_store(&auth->list, list);
    return auth;
}

void auth_free(struct auth *auth)
{
    if (auth == NULL) {
        return;
    }
    struct token_list *list = atomic_load(&auth->list);
    while (list != NULL) {
        struct token_list *before = list->before;
        free(list);
        list = before;
    }
    pthread_mutex_destroy(&auth->writing);
    free(auth->path);
    free(auth);
}

static void token_hash(struct bytes text, uint8_t hash[static 32])
{
    crypto_generichash(hash, 32, text.data, text.size, NULL, 0);
}

/* Every byte is compared, whatever differs. */
static uint64_t difference(const uint8_t a[static 32], const uint8_t b[static 32])
{
    uint64_t x[4];
    uint64_t y[4];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
}

/* The text behind "Bearer "; empty when there is none. The scheme has no case (RFC 9110). */
static struct bytes bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return bytes_of("", 0);
    }
    const char *text = authorization + sizeof scheme - 1;
    while (*text == ' ') {
        text++;
    }
    return bytes_of(text, strnlen(text, 4096));
}

const struct token *auth_check(const struct auth *auth, const char *authorization)
{
    uint8_t hash[32];
    token_hash(bearer(authorization), hash);
    const struct token_list *list = atomic_load(&auth->list);
    const struct token *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (difference(list->tokens[i].hash, hash) == 0) {
            found = &list->tokens[i];
        }
    }
    return found;
}

const struct token *auth_list(const struct auth *auth, size_t *count)
{
    const struct token_list *list = atomic_load(&auth->list);
    *count = list->count;
    return list->tokens;
}

static enum status list_write(const char *path, const struct token_list *list)
{
    struct render out = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct token *token = &list->tokens[i];
        out.comma = false;
        render_open(&out, NULL, '{');
        render_count(&out, "till", token->till);
        render_string(&out, "name", token->name);
        render_string(&out, "role", token_role_name(token->role));
        render_hex(&out, "hash", BYTES_OF(token->hash));
        render_time(&out, "created", token->created_ms);
        render_close(&out, '}');
        render_raw(&out, "\n", 1);
    }
    enum status status = tokens_file_replace(path, bytes_of(out.data, out.size));
    render_free(&out);
    return status;
}

static bool name_is_taken(const struct token_list *list, struct bytes name)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *taken = list->tokens[i].name;
        if (bytes_equal(name, bytes_of(taken, strlen(taken)))) {
            return true;
        }
    }
    return false;
}

static void token_make(struct token *token, uint32_t till, char text[static TOKEN_TEXT_SIZE + 1])
{
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    memcpy(text, "tk_", sizeof "tk_");
    sodium_bin2base64(text + 3, TOKEN_TEXT_SIZE - 3 + 1, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    token->till = till;
    token->created_ms = (int64_t)time(NULL) * 1000;
    token_hash(bytes_of(text, TOKEN_TEXT_SIZE), token->hash);
}

enum status auth_create(struct auth *auth, struct bytes name, uint8_t role,
                        const struct token **token, char text[static TOKEN_TEXT_SIZE + 1])
{
    assert(name.size >= 1 && name.size <= TOKEN_NAME_SIZE_MAX);
    enum status status = STATUS_OK;
    pthread_mutex_lock(&auth->writing);
    struct token_list *old = atomic_load(&auth->list);
    struct token_list *list = list_new(old->count + 1);
    if (old->count == TOKENS_MAX) {
        status = STATUS_FULL;
    } else if (name_is_taken(old, name)) {
        status = STATUS_DENIED;
    } else {
        memcpy(list->tokens, old->tokens, old->count * sizeof old->tokens[0]);
        struct token *made = &list->tokens[old->count];
        token_make(made, old->count == 0 ? 1 : old->tokens[old->count - 1].till + 1, text);
        made->role = role;
        memcpy(made->name, name.data, name.size);
        list->count = old->count + 1;
        status = list_write(auth->path, list);
    }
    if (status == STATUS_OK) {
        list->before = old;
        atomic_store(&auth->list, list);
        *token = &list->tokens[old->count];
    } else {
        free(list);
    }
    pthread_mutex_unlock(&auth->writing);
    return status;
}
