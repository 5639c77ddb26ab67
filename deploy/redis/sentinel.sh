#!/bin/sh
# A Sentinel of compose.yaml: knows the others and both Redis by name, since addresses change with each start.
set -eu
cat > /data/sentinel.conf <<CONF
port 26379
dir /data
protected-mode no
requirepass $REDISCLI_AUTH
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $(hostname)
sentinel monitor chatfolk redis-1 6379 2
sentinel auth-pass chatfolk $REDISCLI_AUTH
sentinel down-after-milliseconds chatfolk 1000
sentinel failover-timeout chatfolk 10000
sentinel parallel-syncs chatfolk 1
CONF
exec redis-sentinel /data/sentinel.conf
