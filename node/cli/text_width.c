#include "text_width.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct range {
    uint32_t from;
    uint32_t to;
};

/* Unicode 14, East Asian Width W and F, in blocks: what is not assigned inside one does no harm. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26a1, 0x26a1},
    {0x26bd, 0x26be},   {0x2705, 0x2705},   {0x2728, 0x2728},   {0x274c, 0x274c},
    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18d08}, {0x1b000, 0x1b2fb}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static const struct range standing_on_others[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x0900, 0x0902}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x20d0, 0x20ff},
    {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* Those that reorder what a terminal shows, and the line and paragraph separators. */
static const struct range unwelcome[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
};

static bool within(const struct range *ranges, size_t count, uint32_t letter)
{
    for (size_t i = 0; i < count; i++) {
        if (letter >= ranges[i].from && letter <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

#define WITHIN(ranges, letter) within(ranges, sizeof(ranges) / sizeof((ranges)[0]), letter)

/* The letter at the front and its size in bytes; a stray byte is a letter of size 1. */
static uint32_t letter_at(const char *text, size_t *size)
{
    uint8_t first = (uint8_t)text[0];
    size_t more = first >= 0xf0 && first < 0xf8   ? 3
                  : first >= 0xe0 && first < 0xf0 ? 2
                  : first >= 0xc0 && first < 0xe0 ? 1
                                                  : 0;
    uint32_t letter = more == 0 ? first : first & (0x3fu >> more);
    *size = 1;
    for (size_t i = 1; i <= more; i++) {
        uint8_t next = (uint8_t)text[i];
        if ((next & 0xc0) != 0x80) {
            return '?';
        }
        letter = letter << 6 | (next & 0x3fu);
    }
    *size = more + 1;
    return more == 0 && first >= 0x80 ? '?' : letter;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    size_t size = 0;
    for (const char *at = text; *at != '\0'; at += size) {
        uint32_t letter = letter_at(at, &size);
        width += WITHIN(wide, letter) ? 2 : WITHIN(standing_on_others, letter) ? 0 : 1;
    }
    return width;
}

void text_for_terminal(const char *text, char *out, size_t size)
{
    assert(size > 0);
    size_t filled = 0;
    size_t letter_size = 0;
    for (const char *at = text; *at != '\0'; at += letter_size) {
        uint32_t letter = letter_at(at, &letter_size);
        bool plain = letter != '?' && !WITHIN(unwelcome, letter);
        size_t needed = plain ? letter_size : 1;
        if (needed > size - 1 - filled) {
            break;
        }
        memcpy(out + filled, plain ? at : "?", needed);
        filled += needed;
    }
    out[filled] = '\0';
}
