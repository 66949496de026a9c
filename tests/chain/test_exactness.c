/* Row X5: no floating point where money is. Words in comments and texts do not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1024, SOURCE_SIZE_MAX = 1024 * 1024, TOKEN_SIZE_MAX = 256 };

/* Blanks comments, texts and characters, so that only code is left. */
static void keep_code(char *source)
{
    enum { CODE, COMMENT, LINE, TEXT, CHARACTER } where = CODE;
    for (char *at = source; *at != '\0'; at++) {
        char next = at[1];
        bool skip = where != CODE;
        switch (where) {
        case CODE:
            where = *at == '/' && next == '*'   ? COMMENT
                    : *at == '/' && next == '/' ? LINE
                    : *at == '"'                ? TEXT
                    : *at == '\''               ? CHARACTER
                                                : CODE;
            skip = where != CODE;
            if (where == COMMENT || where == LINE) {
                *at++ = ' ';
            }
            break;
        case COMMENT:
            if (*at == '*' && next == '/') {
                *at++ = ' ';
                where = CODE;
            }
            break;
        case LINE:
            where = *at == '\n' ? CODE : LINE;
            break;
        case TEXT:
        case CHARACTER:
            if (*at == '\\' && next != '\0') {
                *at++ = ' ';
            } else if (*at == (where == TEXT ? '"' : '\'')) {
                where = CODE;
            }
            break;
        }
        if (skip && *at != '\n') {
            *at = ' ';
        }
    }
}

static bool is_floating_word(const char *token)
{
    static const char *const words[] = {
        "float",  "double",  "_Complex", "_Float16", "_Float32", "_Float64", "_Float128",
        "math.h", "float_t", "double_t", "strtod",   "strtof",   "atof",     "floor",
        "ceil",   "lround",  "llround",  "fmod",     "pow",      "sqrt",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(token, words[i]) == 0) {
            return true;
        }
    }
    /* A number with a point, or with an exponent that is not a hexadecimal digit. */
    bool number =
        isdigit((unsigned char)token[0]) || (token[0] == '.' && isdigit((unsigned char)token[1]));
    bool hexadecimal = token[0] == '0' && (token[1] == 'x' || token[1] == 'X');
    return number && (strchr(token, '.') != NULL || (!hexadecimal && strpbrk(token, "eE") != NULL));
}

/* The first token that is of floating point, or NULL. */
static const char *floating_token(char *source)
{
    static char token[TOKEN_SIZE_MAX];
    size_t size = 0;
    keep_code(source);
    for (const char *at = source;; at++) {
        bool part = isalnum((unsigned char)*at) || *at == '_' ||
                    (*at == '.' &&
                     (size == 0 || isdigit((unsigned char)token[0]) || strcmp(token, "math") == 0));
        if (part && size + 1 < sizeof token) {
            token[size++] = *at;
            token[size] = '\0';
            continue;
        }
        if (size > 0 && is_floating_word(token)) {
            return token;
        }
        size = 0;
        token[0] = '\0';
        if (*at == '\0') {
            return NULL;
        }
    }
}

static size_t scan_folder(const char *folder)
{
    static char source[SOURCE_SIZE_MAX];
    char path[PATH_SIZE];
    size_t files = 0;
    (void)snprintf(path, sizeof path, "%s/%s", TALLY_SOURCE_DIR, folder);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *ending = strrchr(entry->d_name, '.');
        if (ending == NULL || (strcmp(ending, ".c") != 0 && strcmp(ending, ".h") != 0)) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s/%s", TALLY_SOURCE_DIR, folder, entry->d_name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t size = fread(source, 1, sizeof source - 1, file);
        (void)fclose(file);
        assert_true(size < sizeof source - 1);
        source[size] = '\0';
        const char *found = floating_token(source);
        if (found != NULL) {
            fail_msg("%s/%s: \"%s\" is of floating point.", folder, entry->d_name, found);
        }
        files++;
    }
    (void)closedir(directory);
    return files;
}

static void x5_no_floating_point_in_the_ledger(void **state)
{
    (void)state;
    static const char *const folders[] = {"include/tally", "proto",     "node/ledger",
                                          "node/rules",    "node/sync", "node/service"};
    size_t files = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t in_folder = scan_folder(folders[i]);
        assert_true(in_folder > 1);
        files += in_folder;
    }
    print_message("           %zu files\n", files);
}

static void x5_the_scan_finds_floating_point_and_nothing_else(void **state)
{
    (void)state;
    static const char *const guilty[] = {
        "int64_t a = (int64_t)(b * 0.2);",
        "double share;",
        "x = 1e3;",
        "return .5;",
        "#include <math.h>",
        "y = (float)z / 100;",
        "z = 3.;",
        "w = lround(v);",
    };
    static const char *const innocent[] = {
        "/* a double spend */ int a;",
        "puts(\"3.5\");",
        "x = 0xe1;",
        "a.b = c.d;",
        "// float\nint x;",
        "x = double_spend;",
        "y = '.';",
        "f(a, ...);",
        "x[0].size = 1;",
    };
    char source[128];
    for (size_t i = 0; i < sizeof guilty / sizeof guilty[0]; i++) {
        (void)snprintf(source, sizeof source, "%s", guilty[i]);
        assert_non_null(floating_token(source));
    }
    for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++) {
        (void)snprintf(source, sizeof source, "%s", innocent[i]);
        const char *found = floating_token(source);
        if (found != NULL) {
            fail_msg("%s: \"%s\"", innocent[i], found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x5_no_floating_point_in_the_ledger),
        cmocka_unit_test(x5_the_scan_finds_floating_point_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
