"""Lines of haproxy.cfg as people write them, by the kind of section that takes them.

`{n}` is a number that no other line of the file has.
"""

GLOBAL = """\
maxconn 2000
daemon
user root
group root
log 127.0.0.1:514 local0
log stdout format raw local1 info
stats socket /tmp/haproxy-{n}.sock mode 600 level admin expose-fd listeners
stats timeout 30s
nbthread 2
tune.bufsize 16384
tune.http.logurilen 2048
tune.ssl.default-dh-param 2048
tune.maxrewrite 1024
ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384
ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
ssl-server-verify none
spread-checks 5
hard-stop-after 30s
setenv SITE{n} example.net
presetenv REGION eu-west
pidfile /tmp/haproxy-{n}.pid
description "load balancer of the shop"
node lb{n}
crt-base /etc/ssl/private
ca-base /etc/ssl/certs
server-state-base /tmp
unix-bind mode 600
busy-polling
no-memory-trimming
insecure-fork-wanted
external-check
maxsslconn 100
maxconnrate 500
"""
DEFAULTS = """\
log global
option httplog
option dontlognull
option http-server-close
option forwardfor except 127.0.0.0/8
option redispatch
no option checkcache
option tcp-smart-accept
retries 3
timeout queue 1m
timeout http-request 10s
timeout http-keep-alive 10s
timeout check 10s
timeout tunnel 1h
maxconn 3000
balance roundrobin
compression algo gzip
compression type text/html text/plain
errorloc 503 http://sorry.example.net/
load-server-state-from-file none
stats enable
stats uri /stats
stats realm HAProxy\\ Statistics
stats auth admin:secret
unique-id-header X-Request-ID
default-server inter 3s fall 3 rise 2
option log-health-checks
email-alert level alert
http-reuse safe
"""
FRONT = """\
maxconn 500
backlog 1024
log global
log 127.0.0.1:514 local2 notice
log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %{{+Q}}r"
log-tag shop
option httplog
option logasap
option http-ignore-probes
option forwardfor header X-Client-IP if-none
option contstats
rate-limit sessions 1000
monitor-uri /alive
monitor fail if {{ nbsrv(be0) lt 1 }}
unique-id-format %{{+X}}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
unique-id-header X-Unique-ID
capture request header Host len 32
capture response header Location len 64
declare capture request len 40
acl is_static path_beg /static /images
acl is_static path_end -i .jpg .png .css
acl from_office src 10.0.0.0/8 192.168.0.0/16
acl host_shop hdr(host) -i shop.example.net
acl too_many sc0_conn_rate gt 10
tcp-request connection accept if {{ src 127.0.0.1 }}
tcp-request connection track-sc0 src table be0
tcp-request inspect-delay 5s
tcp-request content accept if HTTP
http-request track-sc1 src table be0
http-request deny deny_status 429 if {{ sc_http_req_rate(1) gt 100 }}
http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
http-request set-header X-Real-IP %[src]
http-request add-header X-Via "lb one"
http-request del-header X-Secret
http-request redirect scheme https code 301 unless {{ ssl_fc }}
http-request redirect code 302 location /new%[path] if {{ path_beg /old }}
http-request return status 200 content-type text/plain string "pong" if {{ path /ping }}
http-request set-var(txn.host) req.hdr(host),lower
http-request set-path %[path,regsub(^/api,,)] if {{ path_beg /api/ }}
http-request replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%bi;\\2
http-request auth realm Private unless {{ http_auth(people) }}
http-request capture req.hdr(User-Agent) len 64
http-request cache-use small if {{ path_beg /static }}
http-response cache-store small
http-response set-header Strict-Transport-Security "max-age=16000000; includeSubDomains; preload;"
http-response del-header Server
http-response set-status 503 reason "Slow Down" if {{ status 429 }}
http-after-response set-header X-Served-By %[hostname]
redirect prefix https://www.example.net drop-query append-slash if {{ hdr(host) example.net }}
use_backend be0 if is_it
use_backend %[req.hdr(host),lower,word(1,.)] if {{ hdr(host) -m found }}
timeout client 45s
filter compression
compression algo gzip
compression type text/css
stats enable
stats uri /haproxy?stats
stats refresh 10s
errorloc302 500 /oops
id {n}
"""
BACK = """\
balance leastconn
hash-type consistent sdbm
fullconn 200
log global
option httpchk GET /health
http-check send hdr Host example.net
http-check expect status 200
option abortonclose
option http-keep-alive
option prefer-last-server
option allbackups
cookie SRV insert indirect nocache httponly maxidle 10m maxlife 1h
stick-table type ip size 100k expire 30m store conn_rate(3s),http_req_rate(10s),gpc0
stick on src
default-server inter 2s fastinter 500ms downinter 5s maxconn 100 check
retries 2
retry-on conn-failure empty-response 503
http-reuse always
timeout server 2m
timeout connect 3s
timeout queue 10s
timeout check 5s
acl internal src 10.0.0.0/8
http-request set-header Host inner.example.net
http-request set-uri %[path] if {{ path_sub // }}
http-request deny if !internal
http-response set-header X-Backend %b
http-response add-header Vary Accept-Encoding
tcp-request content reject if {{ src 192.0.2.0/24 }}
tcp-response inspect-delay 2s
use-server first if {{ hdr(x-pin) yes }}
source 0.0.0.0
email-alert mailers mail
email-alert from lb@example.net
email-alert to ops@example.net
errorloc 503 /sorry
option forwardfor
compression algo gzip
"""
TCP = """\
mode tcp
option tcplog
balance source
option tcp-check
tcp-check send PING\\r\\n
tcp-check expect string +OK
timeout client 1h
timeout server 1h
tcp-request connection reject if {{ src 192.0.2.0/24 }}
tcp-request inspect-delay 3s
tcp-request content accept if {{ req.ssl_hello_type 1 }}
tcp-response content accept if {{ always_true }}
stick-table type ip size 1m expire 1h
stick on src
maxconn 100
option clitcpka
option srvtcpka
log global
acl known src 10.1.0.0/16
default-server check inter 5s
id {n}
"""
SERVERS = """\
server s{n} 127.0.0.1:8{n} check
server s{n} 192.0.2.{n}:8080 check inter 2s fall 3 rise 2 weight 10 cookie c{n}
server s{n} 192.0.2.{n}:443 ssl verify none sni str(example.net) alpn h2,http/1.1
server s{n} 192.0.2.{n}:80 backup
server s{n} unix@/run/app{n}.sock send-proxy
server s{n} 192.0.2.{n}:80 resolvers dns init-addr last,libc,none maxconn 50
server s{n} 192.0.2.{n}:80 weight 0 disabled
server s{n} 192.0.2.{n}:80 source 0.0.0.0 on-marked-down shutdown-sessions
server-template w{n}- 1-3 192.0.2.{n}:80 check
server s{n} 192.0.2.{n}:8443 check port 8444 minconn 5 maxconn 50 slowstart 30s
"""
BINDS = """\
bind 127.0.0.1:1{n}
bind *:2{n} name public{n}
bind :3{n} accept-proxy
bind 127.0.0.1:4{n},127.0.0.1:5{n}
bind [::1]:6{n} v6only name six{n}
bind unix@/tmp/front{n}.sock mode 600 user root
bind 0.0.0.0:7{n} name "quoted {n}" tfo maxconn 100
"""
OTHERS = {
    "userlist people": """\
group admins users tim
group readers
user tim insecure-password pa$$word
user ann password $5$rounds=5000$salt$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG groups readers
user bob insecure-password "a b"
""",
    "peers mates": """\
peer lb1 127.0.0.1:10{n}
peer lb2 192.0.2.7:1024
table t1 type ip size 1m expire 1h store gpc0,conn_cur
""",
    "mailers mail": """\
timeout mail 20s
mailer one 192.0.2.25:25
mailer two 192.0.2.26:587
""",
    "resolvers dns": """\
nameserver one 192.0.2.53:53
nameserver two 127.0.0.1:53
parse-resolv-conf
hold valid 10s
hold nx 30s
resolve_retries 3
timeout resolve 1s
timeout retry 1s
accepted_payload_size 8192
""",
    "cache small": """\
total-max-size 4
max-object-size 10000
max-age 240
process-vary on
""",
    "ring buffer": """\
description "my local buffer"
format rfc3164
maxlen 1200
size 32764
timeout connect 5s
timeout server 10s
server r{n} 127.0.0.1:65{n} log-proto octet-count
""",
    "log-forward syslog": """\
bind 127.0.0.1:15{n}
dgram-bind 127.0.0.1:16{n}
log 127.0.0.1:5140 local0
log global
maxconn 10
timeout client 30s
""",
    "fcgi-app php": """\
docroot /var/www/html
index index.php
path-info ^(/.+\\.php)(/.*)?$
log-stderr global
option keep-conn
set-param SCRIPT_ROOT /srv
""",
    "http-errors pages": """\
errorfile 404 /dev/null
""",
}
NAMES = ("www", "api", "shop", "static", "legacy", "auth.v2", "img-cdn", "be_admin")
PROSE = ("ask ops first", "see the wiki", "since March", "why?", "ok", "2019-03-04 joe", "TODO: tidy up, don't forget")
TITLES = ("### Web ###", "#----------", "# == pools ==", "## BEGIN managed", "## END managed", "# servers of the shop")
CONDITIONS = (
    "defined(STAGING)", "!defined(STAGING)", "feature(OPENSSL)", "version_atleast(2.4)", 'streq("$STAGE",prod)',
    "defined(A) || feature(QUIC)",
)  # fmt: skip
