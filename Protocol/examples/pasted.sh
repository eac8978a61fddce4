#!/bin/sh
# A small client of the Pasted protocol, whole: a POSIX shell and curl.
#
#     pasted.sh https://HOST new < file             makes a paste of standard input, prints its address
#     pasted.sh https://HOST send KEY < file        keeps standard input as an item, prints the item's address
#     pasted.sh https://HOST get KEY                prints the newest item, exact bytes
#     pasted.sh https://HOST follow KEY             prints each item as it comes, for as long as the paste lives
#     pasted.sh https://HOST remove KEY [ITEM]      removes an item, or ends the paste
#
# What makes it safe on a bad network, in the words of PROTOCOL.md: what is sent has an Idempotency-Key, so that it takes
# effect once however often curl sends it again; what is followed goes on behind the cursor of the last event. The texts
# themselves are got by GET, since a shell can't take them out of JSON exactly. CURL_OPTIONS can name a --cacert.
set -eu

# request ADDRESS [OPTIONS...]: prints the answer, or complains in the server's words.
request() {
    address=$server/$1
    shift
    # shellcheck disable=SC2086
    status=$(curl --silent --show-error ${CURL_OPTIONS:-} --retry 5 --retry-connrefused --output "$work/answer" \
        --write-out '%{http_code}' "$@" "$address") || return 1
    if [ "$status" -ge 400 ]; then
        cat "$work/answer" >&2
        return 1
    fi
    [ ! -e "$work/answer" ] || cat "$work/answer"
    rm -f "$work/answer"
}

# send ADDRESS: standard input becomes an item. From a file: what came through a pipe could not be sent again.
send() {
    cat > "$work/text"
    request "$1" --data-binary "@$work/text" --header 'Content-Type: text/plain' \
        --header "Idempotency-Key: $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

# print NUMBER: an item, once. It may have been removed meanwhile.
print() {
    [ "$1" -gt "$newest" ] || return 0
    newest=$1
    if request "$key/items/$1" 2> "$work/complaint"; then
        echo
    elif [ "$status" != 404 ]; then
        cat "$work/complaint" >&2
        exit 1
    fi
}

# take MESSAGE: what it tells of. In texts quotes are escaped, so that names in quotes are the message's own.
take() {
    case $1 in
        '{"type":"snapshot"'*'"same":false'*)
            [ "$isNew" = yes ] || { echo "This key opens another paste now." >&2; exit 1; } ;;
        '{"type":"expired"'*) isOver=yes ;;
    esac
    case $1 in
        '{"type":"append"'* | '{"type":"keep"'*)
            print "$(printf '%s' "$1" | sed 's/,"text":.*//; s/.*"item":\([0-9]*\).*/\1/')" ;;
        '{"type":"snapshot"'* | '{"type":"items"'*)
            for item in $(printf '%s' "$1" | grep -o '{"item":[0-9]*' | tr -dc '0-9\n'); do
                if [ "$isNew" = yes ]; then newest=$item; else print "$item"; fi
            done
            case $1 in *'"more":true}') ;; *) isNew=no ;; esac ;;
    esac
}

follow() {
    newest=0 cursor='' isNew=yes isOver=no pause=1
    while [ "$isOver" = no ]; do
        before=$cursor
        # A pipe with a name, so that the loop keeps what it learns.
        rm -f "$work/pipe"
        mkfifo "$work/pipe"
        # Silence of 25 s means that the connection is lost.
        # shellcheck disable=SC2086
        curl --silent --fail --no-buffer ${CURL_OPTIONS:-} --speed-limit 1 --speed-time 25 \
            --header "Last-Event-ID: $cursor" "$server/$key/events" > "$work/pipe" &
        reader=$!
        while read -r field value; do
            case $field in
                id:) cursor=$value ;;
                data:) take "$value" ;;
            esac
        done < "$work/pipe"
        status=0
        wait "$reader" || status=$?
        reader=
        [ "$isOver" = no ] || return 0
        # 22: the server refuses. If it is for good, it says why.
        if [ "$status" = 22 ]; then request "$key/pad" > /dev/null || exit 1; fi
        if [ "$cursor" != "$before" ]; then pause=1; elif [ "$pause" -lt 30 ]; then pause=$((pause * 2)); fi
        # A random part of it: after a restart everybody comes at once.
        sleep "$(od -An -N2 -tu2 /dev/urandom | awk -v most="$pause" '{ print most * $1 / 65536 }')"
    done
}

usage() {
    sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ $# -ge 2 ] || usage
server=${1%/}
key=${3:-}
# Without a key the same requests would mean the server's front page, and without the item all of the paste.
case $2 in
    new) ;;
    send | get | follow | remove) if [ -z "$key" ] || [ -z "${4-item}" ]; then usage; fi ;;
    *) usage ;;
esac
work=$(mktemp -d)
reader=
trap 'rm -rf "$work"; [ -z "$reader" ] || kill "$reader"' EXIT
trap 'exit 1' INT TERM HUP

case $2 in
    new) send "" ;;
    send) send "$key" ;;
    get) request "$key" ;;
    follow) follow ;;
    remove) request "$key${4:+/items/$4}" --request DELETE ;;
esac
