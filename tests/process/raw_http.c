#include "raw_http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int raw_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
        (void)close(connection);
        return -1;
    }
    return connection;
}

void raw_send(int connection, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        struct pollfd room = {.fd = connection, .events = POLLOUT};
        if (poll(&room, 1, 200) <= 0) {
            return;
        }
        ssize_t sent = send(connection, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0) {
            return;
        }
        at += sent;
        size -= (size_t)sent;
    }
}

int raw_http_say(uint16_t port, const void *bytes, size_t size, int patience_ms,
                 char answer[static RAW_ANSWER_SIZE])
{
    size_t taken = 0;
    int connection = raw_connect(port);
    answer[0] = '\0';
    if (connection < 0) {
        return -1;
    }
    raw_send(connection, bytes, size);
    struct pollfd news = {.fd = connection, .events = POLLIN};
    while (taken < RAW_ANSWER_SIZE - 1 && poll(&news, 1, patience_ms) > 0) {
        ssize_t got = recv(connection, answer + taken, RAW_ANSWER_SIZE - 1 - taken, 0);
        if (got <= 0) {
            break;
        }
        taken += (size_t)got;
    }
    answer[taken] = '\0';
    (void)close(connection);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

/* ---- rows ---- */

/* What stands between the request line and the end of the head, and the body that the first
 * request pretends to have. The hidden request follows, but not where the first one's end is plain:
 * there it would be an honest second request. */
static const struct row {
    const char *name;
    const char *line;
    const char *headers;
    const char *body;
    bool plain;
} rows[] = {
    {"two lengths", "POST /v1/spends", "Content-Length: 0\r\nContent-Length: 5\r\n", "", false},
    {"two equal lengths", "POST /v1/spends", "Content-Length: 0\r\nContent-Length: 0\r\n", "",
     false},
    {"length and coding", "POST /v1/spends", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
     "0\r\n\r\n", false},
    {"coding and length", "POST /v1/spends", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
     "0\r\n\r\n", false},
    {"space before the colon", "POST /v1/spends", "Content-Length : 400\r\n", "", false},
    {"tab before the colon", "POST /v1/spends", "Content-Length\t: 400\r\n", "", false},
    {"folded length", "POST /v1/spends", "Content-Length:\r\n 400\r\n", "", false},
    {"folded header", "POST /v1/spends", "X-A: b\r\n c: d\r\nContent-Length: 0\r\n", "", false},
    {"another coding", "POST /v1/spends", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n",
     false},
    {"coding identity", "POST /v1/spends", "Transfer-Encoding: identity\r\n", "", false},
    {"no length", "POST /v1/spends", "", "", false},
    {"chunked", "POST /v1/spends", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n",
     false},
    {"bad chunk", "POST /v1/spends", "Transfer-Encoding: chunked\r\n", "zz\r\n\r\n", false},
    {"two hosts", "GET /v1/node", "Host: other\r\n", "", false},
    {"two keys", "POST /v1/spends", "Idempotency-Key: hidden-b\r\nContent-Length: 0\r\n", "",
     false},
    {"two tokens", "GET /v1/node", "Authorization: Bearer tk_other\r\n", "", false},
    {"NUL in the path", "GET /v1/node%00/x", "", "", false},
    {"encoded slash", "GET /v1%2fnode", "", "", false},
    {"encoded dot", "GET /v1/%2e%2e/node", "", "", false},
    {"double slash", "GET /v1//node", "", "", false},
    {"dots", "GET /v1/../v1/node", "", "", false},
    {"absolute form", "GET http://other/v1/node", "", "", false},
    {"odd method", "BREW /v1/node", "", "", true},
    {"TRACE", "TRACE /v1/node", "", "", true},
    {"lower case", "get /v1/node", "", "", true},
    {"override", "GET /v1/spends", "X-HTTP-Method-Override: POST\r\n", "", true},
    {"control byte", "GET /v1/node", "X-A: a\x01z\r\n", "", false},
    {"bare CR", "GET /v1/node", "X-A: a\rX-B: b\r\n", "", false},
    {"negative length", "POST /v1/spends", "Content-Length: -1\r\n", "", false},
    {"list of lengths", "POST /v1/spends", "Content-Length: 0, 0\r\n", "", false},
    {"signed length", "POST /v1/spends", "Content-Length: +0\r\n", "", false},
    {"hexadecimal length", "POST /v1/spends", "Content-Length: 0x0\r\n", "", false},
    {"endless length", "POST /v1/spends", "Content-Length: 99999999999999999999999\r\n", "", false},
    {"large length", "POST /v1/spends", "Content-Length: 70000\r\n", "x", false},
    {"expectation", "POST /v1/spends", "Expect: 200-ok\r\nContent-Length: 0\r\n", "", true},
    {"body of a GET", "GET /v1/node", "Content-Length: 5\r\n", "hello", true},
    {"empty header name", "POST /v1/spends", ": x\r\nContent-Length: 0\r\n", "", true},
    {"bare line feeds", "POST /v1/spends", "X-A: b\nContent-Length: 0\r\n", "", true},
};

enum { ROWS = sizeof rows / sizeof rows[0], LARGE_ROWS = 2 };

/* The last ones are too large rather than malformed. */
static size_t large_row(size_t row, const char *token, char *request, const char **name)
{
    static char filling[100 * 1024];
    memset(filling, 'a', sizeof filling - 1);
    *name = row == 0 ? "large header" : "large target";
    int length =
        snprintf(request, RAW_REQUEST_SIZE,
                 "GET /v1/node%s%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                 "X-A: %s\r\n\r\n",
                 row == 0 ? "" : "?a=", row == 0 ? "" : filling, token, row == 0 ? filling : "");
    return (size_t)length;
}

bool raw_http_row(size_t row, const char *token, const char *card, char *request, size_t *size,
                  const char **name)
{
    char body[200];
    if (row >= ROWS) {
        *size = row < ROWS + LARGE_ROWS ? large_row(row - ROWS, token, request, name) : 0;
        return *size > 0;
    }
    const struct row *at = &rows[row];
    int body_size = snprintf(
        body, sizeof body, "{\"card\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}", card);
    int first = snprintf(request, RAW_REQUEST_SIZE,
                         "%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                         "Content-Type: application/json\r\n%s%s\r\n%s",
                         at->line, token,
                         strncmp(at->line, "POST", 4) == 0 ? "Idempotency-Key: hidden-a\r\n" : "",
                         at->headers, at->body);
    *name = at->name;
    *size = (size_t)first;
    if (at->plain) {
        return true;
    }
    int length = snprintf(request + first, RAW_REQUEST_SIZE - (size_t)first,
                          "POST /v1/spends HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                          "Content-Type: application/json\r\nIdempotency-Key: hidden-%zu\r\n"
                          "Content-Length: %d\r\n\r\n%s",
                          token, row, body_size, body);
    assert(length > 0 && first + length < RAW_REQUEST_SIZE);
    *size = (size_t)(first + length);
    return true;
}

/* ---- bodies ---- */

#define BODY(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define AMOUNT(number)                                                                             \
    BODY("{\"card\":\"1\",\"amount\":{\"minor\":" number ",\"currency\":\"USD\"}}")

static const struct {
    const char *text;
    size_t size;
} bodies[] = {
    BODY(""),
    BODY("{"),
    BODY("{\"card\":\"1\""),
    BODY("[]"),
    BODY("null"),
    BODY("7"),
    BODY("\"spend\""),
    BODY("{} {}"),
    BODY("{}x"),
    BODY("\xef\xbb\xbf{\"card\":\"1\"}"),
    BODY("{\"card\":\"1\",\"card\":\"2\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}"),
    BODY("{\"card\":\"1\",\"amount\":{\"minor\":1,\"minor\":2,\"currency\":\"USD\"}}"),
    BODY("{\"card\":NaN}"),
    BODY("{\"card\":Infinity}"),
    BODY("{'card':1}"),
    BODY("{\"card\":\"\\ud800\"}"),
    BODY("{\"card\":\"\\u0000\"}"),
    BODY("{\"card\":\"a\0b\"}"),
    BODY("{\"card\":\"\xc0\xaf\"}"),
    BODY("{\"card\":\"\xff\"}"),
    BODY("{\"card\":\"\xed\xa0\x80\"}"),
    BODY("{\"card\":\"\xe2\x80\xae\"}"),
    BODY("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
    BODY("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}"
         "}"),
    AMOUNT("0"),
    AMOUNT("-1"),
    AMOUNT("-0"),
    AMOUNT("1.0"),
    AMOUNT("1e3"),
    AMOUNT("\"5\""),
    AMOUNT("9007199254740993"),
    AMOUNT("9223372036854775807"),
    AMOUNT("-9223372036854775808"),
    AMOUNT("9223372036854775808"),
    AMOUNT("18446744073709551616"),
    AMOUNT("1111111111111111111111111111111111111111111111111111111111111111111111111111111"),
    AMOUNT("1e400"),
    AMOUNT("true"),
    AMOUNT("null"),
    AMOUNT("[1]"),
    AMOUNT("{}"),
    BODY("{\"card\":\"1\",\"amount\":5}"),
    BODY("{\"card\":\"1\",\"amount\":{\"minor\":5,\"currency\":\"usd\"}}"),
    BODY("{\"card\":\"1\",\"amount\":{\"minor\":5,\"currency\":\"<b>\"}}"),
    BODY("{\"card\":\"1\",\"amount\":{\"minor\":5,\"currency\":\"USD\"},\"extra\":1}"),
    BODY("{\"card\":\"../../etc/passwd\",\"amount\":{\"minor\":5,\"currency\":\"USD\"}}"),
    BODY("{\"card\":\"=1+1\",\"amount\":{\"minor\":5,\"currency\":\"USD\"}}"),
    BODY("{\"account\":\"zz\",\"amount\":{\"minor\":5,\"currency\":\"USD\"}}"),
    BODY("{\"amount\":{\"minor\":5,\"currency\":\"USD\"}}"),
    BODY("card=1&amount=5"),
};

const char *raw_http_body(size_t row, size_t *size)
{
    if (row >= sizeof bodies / sizeof bodies[0]) {
        return NULL;
    }
    *size = bodies[row].size;
    return bodies[row].text;
}
