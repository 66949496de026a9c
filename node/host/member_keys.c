#include "member_keys.h"

#include "file.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NONCE_SIZE = crypto_secretbox_NONCEBYTES,
    WRAPPED_SIZE = NONCE_SIZE + 32 + crypto_secretbox_MACBYTES,
    BUSY_MS = 200,
};

static_assert((MEMBER_KEYS_CACHED_MAX & (MEMBER_KEYS_CACHED_MAX - 1)) == 0,
              "a place in the cache is a masked hash");

/* A name as it is bound to its key, so that rows cannot be exchanged. */
struct key_name {
    uint8_t bytes[17]; /* member, class */
};

struct cached_key {
    struct key_name name;
    bool used;
    uint8_t key[32];
};

struct member_keys {
    pthread_mutex_t lock;
    sqlite3 *database;
    sqlite3_stmt *find;
    sqlite3_stmt *insert;
    sqlite3_stmt *destroy;
    sqlite3_stmt *count;
    uint8_t *secrets;         /* sodium_malloc: master key, then the cache's hash key */
    struct cached_key *cache; /* sodium_malloc, MEMBER_KEYS_CACHED_MAX places, one per hash */
    bool in_batch;
    bool batch_failed; /* a put failed, so SQLite may have ended the transaction already */
};

enum { MASTER_AT = 0, HASH_KEY_AT = 32, SECRETS_SIZE = 32 + crypto_shorthash_KEYBYTES };

static struct key_name name_of(const struct subject_id *member, uint8_t class_number)
{
    struct key_name name;
    memcpy(name.bytes, member->bytes, sizeof member->bytes);
    name.bytes[sizeof member->bytes] = class_number;
    return name;
}

static struct cached_key *cache_place(struct member_keys *keys, const struct key_name *name)
{
    uint64_t hash = 0;
    static_assert(sizeof hash == crypto_shorthash_BYTES, "one hash fills the number");
    (void)crypto_shorthash((uint8_t *)&hash, name->bytes, sizeof name->bytes,
                           keys->secrets + HASH_KEY_AT);
    return &keys->cache[hash & (MEMBER_KEYS_CACHED_MAX - 1)];
}

static bool cache_holds(const struct cached_key *place, const struct key_name *name)
{
    return place->used && memcmp(place->name.bytes, name->bytes, sizeof name->bytes) == 0;
}

static void cache_fill(struct cached_key *place, const struct key_name *name,
                       const uint8_t key[static 32])
{
    place->name = *name;
    memcpy(place->key, key, sizeof place->key);
    place->used = true;
}

static enum status sqlite_status(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return STATUS_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STATUS_CORRUPT;
    case SQLITE_FULL:
        return STATUS_FULL;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return STATUS_DENIED;
    default:
        return STATUS_IO;
    }
}

static enum status failed(struct member_keys *keys, const char *operation, int code)
{
    log_event(LOG_ERROR, "member_keys_failed", log_text("operation", operation),
              log_text("reason", sqlite3_errmsg(keys->database)));
    enum status status = sqlite_status(code);
    return status == STATUS_OK ? STATUS_IO : status;
}

/* locking_mode: nobody else opens this file, so a second process is refused at once. journal_mode:
 * one sync a key instead of three. secure_delete: no old content stays in the file; what the log
 * beside it still holds goes when a key is destroyed (member_keys_destroy). */
static const char setup[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;"
    "BEGIN EXCLUSIVE;"
    "CREATE TABLE IF NOT EXISTS member_key("
    " member BLOB NOT NULL, class INTEGER NOT NULL, wrapped BLOB, destroyed INTEGER NOT NULL,"
    " PRIMARY KEY(member, class)) WITHOUT ROWID, STRICT;"
    "COMMIT;";

static int prepare(struct member_keys *keys, const char *text, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v3(keys->database, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static int open_database(struct member_keys *keys, const char *path)
{
    int code =
        sqlite3_open_v2(path, &keys->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_busy_timeout(keys->database, BUSY_MS);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_exec(keys->database, setup, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = prepare(keys, "SELECT wrapped, destroyed FROM member_key WHERE member=? AND class=?",
                       &keys->find);
    }
    if (code == SQLITE_OK) {
        code = prepare(keys, "INSERT INTO member_key VALUES(?, ?, ?, 0)", &keys->insert);
    }
    if (code == SQLITE_OK) {
        code = prepare(keys,
                       "INSERT INTO member_key VALUES(?, ?, NULL, 1)"
                       " ON CONFLICT DO UPDATE SET wrapped = NULL, destroyed = 1",
                       &keys->destroy);
    }
    if (code == SQLITE_OK) {
        code = prepare(keys, "SELECT count(*) FROM member_key WHERE destroyed = 0", &keys->count);
    }
    return code;
}

/* SQLite would make the file with the umask's mode. */
static enum status ensure_file(const char *path, struct explanation *explanation)
{
    if (!file_exists(path)) {
        enum status status = file_create(path, (struct bytes){0}, 0600, explanation);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return file_check_private(path, false, explanation);
}

/* A handle without a database. NULL without memory. */
static struct member_keys *make_handle(const uint8_t master[static 32])
{
    struct member_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&keys->lock, NULL) != 0) {
        free(keys);
        return NULL;
    }
    keys->secrets = sodium_malloc(SECRETS_SIZE);
    keys->cache = sodium_allocarray(MEMBER_KEYS_CACHED_MAX, sizeof *keys->cache);
    if (keys->secrets == NULL || keys->cache == NULL) {
        member_keys_close(keys);
        return NULL;
    }
    memcpy(keys->secrets + MASTER_AT, master, 32);
    randombytes_buf(keys->secrets + HASH_KEY_AT, crypto_shorthash_KEYBYTES);
    memset(keys->cache, 0, MEMBER_KEYS_CACHED_MAX * sizeof *keys->cache);
    return keys;
}

enum status member_keys_open(const char *path, const uint8_t master[static 32],
                             struct member_keys **keys, struct explanation *explanation)
{
    if (sodium_init() < 0) {
        explain(explanation, "the system gives no random numbers");
        return STATUS_IO;
    }
    enum status status = ensure_file(path, explanation);
    if (status != STATUS_OK) {
        return status;
    }
    struct member_keys *opened = make_handle(master);
    if (opened == NULL) {
        explain(explanation, "no memory for the members' keys");
        return STATUS_IO;
    }
    int code = open_database(opened, path);
    if (code != SQLITE_OK) {
        status = sqlite_status(code);
        if (status == STATUS_BUSY) {
            explain(explanation, "a node runs on this directory already (it has %s open)", path);
        } else {
            explain(explanation, "cannot open the members' keys %s: %s", path,
                    opened->database == NULL ? sqlite3_errstr(code)
                                             : sqlite3_errmsg(opened->database));
        }
        member_keys_close(opened);
        return status;
    }
    *keys = opened;
    return STATUS_OK;
}

void member_keys_close(struct member_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    (void)sqlite3_finalize(keys->find);
    (void)sqlite3_finalize(keys->insert);
    (void)sqlite3_finalize(keys->destroy);
    (void)sqlite3_finalize(keys->count);
    (void)sqlite3_close(keys->database);
    sodium_free(keys->cache); /* wipes */
    sodium_free(keys->secrets);
    (void)pthread_mutex_destroy(&keys->lock);
    free(keys);
}

static void bind_name(sqlite3_stmt *statement, const struct key_name *name)
{
    (void)sqlite3_bind_blob(statement, 1, name->bytes, 16, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, 2, name->bytes[16]);
}

static void finish(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

/* The key under which one row is wrapped: the master key bound to the row's name. */
static void row_key(const struct member_keys *keys, const struct key_name *name,
                    uint8_t key[static crypto_secretbox_KEYBYTES])
{
    (void)crypto_generichash(key, crypto_secretbox_KEYBYTES, name->bytes, sizeof name->bytes,
                             keys->secrets + MASTER_AT, 32);
}

static void wrap(const struct member_keys *keys, const struct key_name *name,
                 const uint8_t key[static 32], uint8_t wrapped[static WRAPPED_SIZE])
{
    uint8_t wrapping[crypto_secretbox_KEYBYTES];
    row_key(keys, name, wrapping);
    randombytes_buf(wrapped, NONCE_SIZE);
    (void)crypto_secretbox_easy(wrapped + NONCE_SIZE, key, 32, wrapped, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
}

static enum status unwrap(const struct member_keys *keys, const struct key_name *name,
                          struct bytes wrapped, uint8_t key[static 32])
{
    uint8_t wrapping[crypto_secretbox_KEYBYTES];
    if (wrapped.size != WRAPPED_SIZE) {
        return STATUS_FORGED;
    }
    row_key(keys, name, wrapping);
    int refused = crypto_secretbox_open_easy(key, wrapped.data + NONCE_SIZE,
                                             wrapped.size - NONCE_SIZE, wrapped.data, wrapping);
    sodium_memzero(wrapping, sizeof wrapping);
    return refused == 0 ? STATUS_OK : STATUS_FORGED;
}

/* What the file says: OK and the key, NOT_FOUND, DENIED if destroyed, or a failure. */
static enum status find_row(struct member_keys *keys, const struct key_name *name,
                            uint8_t key[static 32])
{
    enum status status = STATUS_NOT_FOUND;
    bind_name(keys->find, name);
    int code = sqlite3_step(keys->find);
    if (code == SQLITE_ROW && sqlite3_column_int(keys->find, 1) != 0) {
        status = STATUS_DENIED;
    } else if (code == SQLITE_ROW) {
        const void *blob = sqlite3_column_blob(keys->find, 0);
        size_t size = (size_t)sqlite3_column_bytes(keys->find, 0);
        status = unwrap(keys, name, bytes_of(blob, blob == NULL ? 0 : size), key);
    } else if (code != SQLITE_DONE) {
        status = failed(keys, "find", code);
    }
    finish(keys->find);
    return status;
}

/* Through the cache. */
static enum status find(struct member_keys *keys, const struct key_name *name,
                        uint8_t key[static 32])
{
    struct cached_key *place = cache_place(keys, name);
    if (cache_holds(place, name)) {
        memcpy(key, place->key, sizeof place->key);
        return STATUS_OK;
    }
    enum status status = find_row(keys, name, key);
    if (status == STATUS_OK) {
        cache_fill(place, name, key);
    }
    return status;
}

enum status member_keys_get(struct member_keys *keys, const struct subject_id *member,
                            uint8_t class_number, uint8_t key[static 32])
{
    struct key_name name = name_of(member, class_number);
    (void)pthread_mutex_lock(&keys->lock);
    enum status status = find(keys, &name, key);
    (void)pthread_mutex_unlock(&keys->lock);
    return status == STATUS_DENIED ? STATUS_NOT_FOUND : status;
}

/* Outside a batch one statement is one synced transaction. */
static enum status insert(struct member_keys *keys, const struct key_name *name,
                          const uint8_t key[static 32])
{
    uint8_t wrapped[WRAPPED_SIZE];
    wrap(keys, name, key, wrapped);
    bind_name(keys->insert, name);
    (void)sqlite3_bind_blob(keys->insert, 3, wrapped, sizeof wrapped, SQLITE_STATIC);
    int code = sqlite3_step(keys->insert);
    enum status status = code == SQLITE_DONE ? STATUS_OK : failed(keys, "put", code);
    finish(keys->insert);
    keys->batch_failed = keys->batch_failed || (keys->in_batch && status != STATUS_OK);
    if (status == STATUS_OK) {
        cache_fill(cache_place(keys, name), name, key);
    }
    return status;
}

enum status member_keys_put(struct member_keys *keys, const struct subject_id *member,
                            uint8_t class_number, const uint8_t key[static 32])
{
    struct key_name name = name_of(member, class_number);
    uint8_t held[32];

    (void)pthread_mutex_lock(&keys->lock);
    enum status status = find(keys, &name, held);
    if (status == STATUS_NOT_FOUND) {
        status = keys->batch_failed ? STATUS_IO : insert(keys, &name, key);
    } else if (status == STATUS_OK && sodium_memcmp(held, key, sizeof held) != 0) {
        status = STATUS_DENIED;
    }
    (void)pthread_mutex_unlock(&keys->lock);
    sodium_memzero(held, sizeof held);
    return status;
}

enum status member_keys_destroy(struct member_keys *keys, const struct subject_id *member,
                                uint8_t class_number)
{
    struct key_name name = name_of(member, class_number);

    (void)pthread_mutex_lock(&keys->lock);
    assert(!keys->in_batch);
    struct cached_key *place = cache_place(keys, &name);
    if (cache_holds(place, &name)) {
        sodium_memzero(place, sizeof *place);
    }
    bind_name(keys->destroy, &name);
    int code = sqlite3_step(keys->destroy);
    enum status status = code == SQLITE_DONE ? STATUS_OK : failed(keys, "destroy", code);
    finish(keys->destroy);
    if (status == STATUS_OK) {
        /* The log may hold the key as it was written: into the file with it, and cut to nothing. */
        code = sqlite3_exec(keys->database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
        status = code == SQLITE_OK ? STATUS_OK : failed(keys, "checkpoint", code);
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return status;
}

enum status member_keys_begin(struct member_keys *keys)
{
    (void)pthread_mutex_lock(&keys->lock);
    assert(!keys->in_batch);
    int code = sqlite3_exec(keys->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    keys->in_batch = code == SQLITE_OK;
    keys->batch_failed = false;
    enum status status = code == SQLITE_OK ? STATUS_OK : failed(keys, "begin", code);
    (void)pthread_mutex_unlock(&keys->lock);
    return status;
}

enum status member_keys_commit(struct member_keys *keys)
{
    (void)pthread_mutex_lock(&keys->lock);
    assert(keys->in_batch);
    enum status status = STATUS_IO;
    if (!keys->batch_failed) {
        int code = sqlite3_exec(keys->database, "COMMIT", NULL, NULL, NULL);
        status = code == SQLITE_OK ? STATUS_OK : failed(keys, "commit", code);
    }
    if (status != STATUS_OK) {
        (void)sqlite3_exec(keys->database, "ROLLBACK", NULL, NULL, NULL);
        /* It holds keys that were put in vain. */
        sodium_memzero(keys->cache, MEMBER_KEYS_CACHED_MAX * sizeof *keys->cache);
    }
    keys->in_batch = false;
    keys->batch_failed = false;
    (void)pthread_mutex_unlock(&keys->lock);
    return status;
}

enum status member_keys_count(struct member_keys *keys, uint64_t *count)
{
    (void)pthread_mutex_lock(&keys->lock);
    int code = sqlite3_step(keys->count);
    enum status status = code == SQLITE_ROW ? STATUS_OK : failed(keys, "count", code);
    if (status == STATUS_OK) {
        *count = (uint64_t)sqlite3_column_int64(keys->count, 0);
    }
    finish(keys->count);
    (void)pthread_mutex_unlock(&keys->lock);
    return status;
}
