#include "bonus.h"

#include "tally/money.h"

int64_t bonus_of(const struct bonus_step *steps, size_t count, int64_t amount)
{
    int64_t bonus = 0;
    for (size_t i = 0; i < count && steps[i].amount <= amount; i++) {
        bonus = steps[i].bonus;
    }
    return bonus;
}

bool bonus_steps_are_sound(const struct bonus_step *steps, size_t count)
{
    if (count > BONUS_STEPS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!amount_in_range(steps[i].amount) || !amount_in_range(steps[i].bonus)) {
            return false;
        }
        if (i > 0 && steps[i].amount <= steps[i - 1].amount) {
            return false;
        }
    }
    return true;
}
