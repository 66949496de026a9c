#include "data_dir.h"

#include "auth.h"
#include "config.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    CONFIG_TEXT_SIZE = 16 * 1024,
    LINE_SIZE = CONFIG_PATH_SIZE_MAX + 512,
};

static const char admin_name[] = "admin";

const char *data_dir_settings_problem(const struct data_dir_settings *settings)
{
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    const char *listen = settings->peer_listen;
    const char *advertise = settings->peer_advertise;
    if (!config_split_endpoint(settings->api_listen, true, host, &port) ||
        strncmp(settings->api_listen, "tcp://", 6) == 0) {
        return "--listen is written host:port, like 127.0.0.1:7080.";
    }
    if (listen[0] != '\0' &&
        (strncmp(listen, "tcp://", 6) != 0 || !config_split_endpoint(listen, false, host, &port))) {
        return "--peer-listen is written tcp://host:port, like tcp://0.0.0.0:7081; the port above "
               "is taken too.";
    }
    if (advertise[0] == '\0') {
        return NULL;
    }
    if (listen[0] == '\0') {
        return "--advertise says how others reach --peer-listen, which is missing.";
    }
    if (strlen(advertise) > ENDPOINT_SIZE_MAX || strncmp(advertise, "tcp://", 6) != 0 ||
        !config_split_endpoint(advertise, false, host, &port) || strcmp(host, "0.0.0.0") == 0 ||
        strcmp(host, "*") == 0 || strcmp(host, "::") == 0) {
        return "--advertise is the address under which others reach this machine: "
               "tcp://host:port, with a host of its own (not 0.0.0.0).";
    }
    return NULL;
}

enum status data_dir_absolute(const char *path, struct buffer *absolute,
                              struct explanation *explanation)
{
    char here[FILE_PATH_SIZE_MAX] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        explain(explanation, "the working directory has no name: %s", strerror(errno));
        return file_status(errno);
    }
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/') {
        size--;
    }
    int length = snprintf((char *)absolute->data, absolute->capacity, "%s%s%.*s", here,
                          path[0] != '/' ? "/" : "", (int)size, path);
    if (length < 0 || (size_t)length >= absolute->capacity ||
        (size_t)length >= CONFIG_PATH_SIZE_MAX - 8) {
        explain(explanation, "the path of the data directory is too long");
        return STATUS_TOO_LARGE;
    }
    absolute->size = (size_t)length;
    for (size_t i = 0; i < absolute->size; i++) {
        if (absolute->data[i] < ' ' || strchr("\"'\\$", absolute->data[i]) != NULL) {
            explain(explanation,
                    "the path of the data directory holds a character that a configuration file "
                    "cannot hold: quotes, backslashes and dollar signs");
            return STATUS_MALFORMED;
        }
    }
    return STATUS_OK;
}

/* What this directory's value of an option is, or NULL: the default. */
static const char *value_of(const char *name, const struct data_dir_settings *settings)
{
    static const char *const names[] = {"data_dir", "api_listen", "peer_listen", "peer_advertise"};
    const char *const values[] = {settings->directory, settings->api_listen, settings->peer_listen,
                                  settings->peer_advertise};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0 && values[i][0] != '\0') {
            return values[i];
        }
    }
    return NULL;
}

enum status data_dir_write_config(const char *where, const struct data_dir_settings *settings,
                                  struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    uint8_t memory[CONFIG_TEXT_SIZE];
    struct buffer text = BUFFER_OVER(memory);
    struct config_option option;
    static const char front[] = "# Every option of this node; a line with \"#\" in front of a name "
                                "shows the default.\n";
    bool fits = buffer_append(&text, bytes_of(front, sizeof front - 1));
    for (size_t i = 0; config_option_at(i, &option); i++) {
        char line[LINE_SIZE];
        const char *value = value_of(option.name, settings);
        const char *quote = value != NULL ? "\"" : "";
        int length = snprintf(line, sizeof line, "\n# %s\n# (%s)\n%s%s = %s%s%s\n", option.meaning,
                              option.bound, value != NULL ? "" : "#", option.name, quote,
                              value != NULL ? value : option.fallback, quote);
        fits = fits && length > 0 && (size_t)length < sizeof line &&
               buffer_append(&text, bytes_of(line, (size_t)length));
    }
    if (!fits || file_path(path, where, "config.conf") != STATUS_OK) {
        explain(explanation, "the configuration does not fit; use a shorter path");
        return STATUS_TOO_LARGE;
    }
    return file_replace(path, buffer_bytes(&text), 0644, explanation);
}

enum status data_dir_write_manifest(const char *where, struct bytes manifest,
                                    struct explanation *explanation)
{
    char path[FILE_PATH_SIZE_MAX];
    enum status status = file_path(path, where, "manifest");
    if (status != STATUS_OK) {
        explain(explanation, "the path of the data directory is too long");
        return status;
    }
    return file_replace(path, manifest, 0644, explanation);
}

enum status data_dir_write_token(const char *where, struct explanation *explanation)
{
    char tokens_path[FILE_PATH_SIZE_MAX];
    char admin_path[FILE_PATH_SIZE_MAX];
    char text[TOKEN_TEXT_SIZE + 2] = "";
    const struct token *token = NULL;
    if (file_path(tokens_path, where, "tokens") != STATUS_OK ||
        file_path(admin_path, where, "admin.token") != STATUS_OK) {
        explain(explanation, "the path of the data directory is too long");
        return STATUS_TOO_LARGE;
    }
    if (file_exists(admin_path)) {
        return STATUS_OK;
    }
    /* Left by an attempt that was interrupted: nobody was ever told that token. */
    if (unlink(tokens_path) != 0 && errno != ENOENT) {
        explain(explanation, "cannot remove %s: %s", tokens_path, strerror(errno));
        return file_status(errno);
    }
    char problem[EXPLANATION_SIZE] = "";
    struct auth *auth = auth_load(tokens_path, true, problem, sizeof problem);
    if (auth == NULL) {
        explain(explanation, "%s", problem);
        return STATUS_IO;
    }
    enum status status = auth_create(auth, bytes_of(admin_name, sizeof admin_name - 1),
                                     TOKEN_OPERATOR, &token, text);
    if (status == STATUS_OK) {
        text[TOKEN_TEXT_SIZE] = '\n';
        status = file_create(admin_path, bytes_of(text, TOKEN_TEXT_SIZE + 1), 0600, explanation);
    } else {
        explain(explanation, "cannot write %s", tokens_path);
    }
    sodium_memzero(text, sizeof text);
    auth_free(auth);
    return status;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool data_dir_is_empty(const char *path, const char *but)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return errno == ENOENT;
    }
    bool empty = true;
    for (const struct dirent *entry = readdir(directory); entry != NULL && empty;
         entry = readdir(directory)) {
        empty = is_dot(entry->d_name) || (but != NULL && strcmp(entry->d_name, but) == 0);
    }
    closedir(directory);
    return empty;
}

enum status data_dir_discard(const char *path, struct explanation *explanation)
{
    enum status status = STATUS_OK;
    DIR *directory = opendir(path);
    if (directory == NULL && errno == ENOENT) {
        return STATUS_OK;
    }
    if (directory == NULL) {
        explain(explanation, "cannot read %s: %s", path, strerror(errno));
        return file_status(errno);
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (!is_dot(entry->d_name) && unlinkat(dirfd(directory), entry->d_name, 0) != 0) {
            explain(explanation, "cannot remove %s/%s: %s", path, entry->d_name, strerror(errno));
            status = file_status(errno);
        }
    }
    closedir(directory);
    if (status == STATUS_OK && rmdir(path) != 0) {
        explain(explanation, "cannot remove %s: %s", path, strerror(errno));
        status = file_status(errno);
    }
    return status;
}
