#!/bin/bash
# Checks that the pure layers ask nothing of the outside: what their objects leave undefined must be
# in the lists below, or be defined by a layer that they stand on. A stray time(), malloc() or
# printf() fails. Nor may they hold anything that changes between two calls (.data, .bss).
set -euo pipefail

if [[ $# -ne 1 || ! -d $1 ]]; then
    echo "usage: ops/check_purity.sh BUILD_FOLDER (of an ordinary build, without sanitizers)" >&2
    exit 2
fi
build=$1

# Functions of their arguments alone. __*_chk are the same, as FORTIFY names them.
plain='memcpy|memmove|memset|memcmp|strlen|ntohs|ntohl|htons|htonl'
plain+='|__memcpy_chk|__memmove_chk|__memset_chk'
plain+='|__assert_fail|__stack_chk_fail'
# From libsodium: hashes, checks and seals that are given all their keys, and draw none.
sums='crypto_generichash|crypto_generichash_(init|update|final)|crypto_shorthash'
sums+='|crypto_sign_verify_detached|crypto_box_seed_keypair|crypto_scalarmult_base'
sums+='|crypto_aead_xchacha20poly1305_ietf_(encrypt|decrypt)|sodium_memzero|sodium_memcmp'
world='world_[a-z_]+'

failed=0

# check LAYER ALLOWED LAYER_BELOW...
check() {
    local layer=$1 allowed=$2 library undefined defined stray changing
    shift 2
    library=$build/lib$layer.a
    if [[ ! -f $library ]]; then
        echo "$library is not there: build it first"
        failed=1
        return
    fi
    undefined=$(nm --undefined-only "$library" | awk '$1 == "U" || $1 == "w" {print $2}' | sort -u)
    defined=$(for below in "$layer" "$@"; do
        nm --defined-only --extern-only "$build/lib$below.a" | awk 'NF == 3 {print $3}'
    done | sort -u)
    stray=$(comm -23 <(echo "$undefined") <(echo "$defined") | grep -vxE "$allowed" || true)
    if [[ -n $stray ]]; then
        echo "$layer asks the outside for: ${stray//$'\n'/ }"
        failed=1
    fi
    changing=$(objdump -t "$library" |
        awk 'NF >= 4 && $(NF-2) ~ /^\.(data|bss)/ && $(NF-2) !~ /^\.data\.rel\.ro/ && $(NF-1) !~ /^0+$/ {
            print $NF }')
    if [[ -n $changing ]]; then
        echo "$layer holds what changes: ${changing//$'\n'/ }"
        failed=1
    fi
}

check proto "$plain|$sums"
check ledger "$plain"
check rules "$plain" ledger
check sync "$plain"
check service "$plain|$sums|$world" proto ledger rules sync

if [[ $failed -eq 0 ]]; then
    echo "proto, ledger, rules, sync and service are pure"
fi
exit "$failed"
