"""Readers of what a running HAProxy answers, and answers as it writes them."""

from collections.abc import Callable, Mapping
from typing import Any

from dataplane_core.haproxy import build_keywords, master
from dataplane_plugins import server_states
from dataplane_plugins.patterns import pattern_lists
from dataplane_plugins.runtime import acme, info, ssl_details, stats, stick_tables

STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change \
srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn \
srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 be 1 s1 127.0.0.1 2 0 10 10 5 1 0 2 0 0 0 0 - 9 - 0 0 - - 0
3 be 2 s2 127.0.0.1 0 5 1 1 5 1 0 2 0 0 0 0 - 9 - 0 0 - - 0
"""
STATS = """# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,\
chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,
fe,FRONTEND,,,0,0,2000,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,0,0,
be,s1,0,0,0,0,,0,0,0,,0,,0,0,0,0,"no check",10,1,0,,,5,,,1,3,1,,0,,2,0,,0,
be,BACKEND,0,0,0,0,200,0,0,0,0,0,,0,0,0,0,UP,11,1,0,,0,5,0,,1,3,0,,0,,1,0,,0,
"""
TABLES = """# table: st, type: ip, size:1024, used:1
0x55d0c0: key=192.0.2.1 use=0 exp=599000 shard=0 gpc0=0 http_req_cnt=3 http_req_rate(10000)=1
# table: words, type: string, size:1024, used:1
0x55d0c1: key=a\\ b use=1 exp=0 gpc[2]=7 gpt0=1 bytes_in_rate(60000)=0
"""
INFO = "Name: HAProxy\nVersion: 2.8.3\nRelease_date: 2023/09/07\nPid: 7\nProcesses: 1\nUptime_sec: 5\nCurrConns: 0\nnode: lb\n"
ENTRIES = "0x5581 k1 v1\n0x5582 k2 v2 and more\n0x5583 /a\n"
MAPS = "# id (file) description\n-1 (/etc/m.map) pattern loaded from file '/etc/m.map' used by map at file 'x' line 9. curr_ver=0 next_ver=0 entry_cnt=2\n0 () acl 'src' file 'x' line 8. curr_ver=0 next_ver=0 entry_cnt=1\n"
CERTIFICATE = """Filename: /etc/ssl/a.pem
Status: Used
Serial: 0A1B
notBefore: Nov  1 00:00:00 2026 GMT
notAfter: Nov  1 00:00:00 2027 GMT
Subject Alternative Name: DNS:a.example, DNS:b.example
Algorithm: RSA2048
SHA1 FingerPrint: 0A
Subject: /CN=a.example
Issuer: /CN=ca
Chain Subject: /CN=ca
"""
CA = f"Filename: ca.pem\nStatus: Used\n\nCertificate #1:\n{CERTIFICATE}\nCertificate #2:\n{CERTIFICATE}"
CRL = """Filename: crl.pem
Status: Used

Certificate Revocation List #1:
Version 2
Signature Algorithm: sha256WithRSAEncryption
Issuer: /CN=ca
Last Update: Nov  1 00:00:00 2026 GMT
Next Update: NONE
Revoked Certificates:
    Serial Number: 1000
        Revocation Date: Nov  1 00:00:00 2026 GMT
"""
PROCESSES = """#<PID>          <type>          <reloads>       <uptime>        <version>
7               master          1 [failed: 0]   0d00h01m00s     2.8.3
# workers
9               worker          0               0d00h00m50s     2.8.3
# old workers
8               worker          1               0d00h01m00s     2.8.3
# programs
"""
ACME = "# certificate\tsection\tstate\texpiration\n/etc/a.pem\tle\tRunning\t2027-01-01\n"
KEYWORDS = """# List of registered keyword classes:
cfg
# Registered keywords for cfg (cfg):
global
\tnbthread <argx1>
\tset-var-fmt <argx2>
# smp (smp):
add(sint,sint): sint
# cli (cli):
show map [WORKER]
"""


class Client:
    """Answers every command with one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def command(self, command: str, deadline: float = 0) -> str:
        """The text."""
        return self.text

    def stream(self, command: str, deadline: float = 0) -> Any:
        """The text, in two pieces."""
        data = self.text.encode("utf-8", "surrogateescape")
        yield data[: len(data) // 2]
        yield data[len(data) // 2 :]


def _states(text: str) -> None:
    for row in server_states.parse_server_states(text):
        server_states.whole_state(row)
        server_states.drains(row)
        server_states.has_agent(row)
    list(server_states.server_columns(text, ["be_name", "srv_name", "srv_port"]))


def _tables(text: str) -> None:
    client: Any = Client(text)
    for line in stick_tables.entry_lines(client, "st", "", 1):
        stick_tables.parse_table_entry(line)
    stick_tables.stick_tables(client, 1)


def _patterns(text: str) -> None:
    for one in pattern_lists.parse_pattern_lists(text):
        _ = one.label, one.word, one.counts


def _certificates(text: str) -> None:
    lines = text.splitlines()
    ssl_details.certificate_details("a", lines)
    ssl_details.ca_file_certificates("a", lines)
    ssl_details.revocation_lists("a", lines)


def _processes(text: str) -> None:
    client: Any = Client(text)
    master.processes(client)
    master._verdict(text)


READERS: Mapping[str, Callable[[str], object]] = {
    "show servers state": _states,
    "show stat": lambda text: list(stats.parse_stats(text)),
    "show table": _tables,
    "show info": info.parse_info,
    "show map": _patterns,
    "show map entries": lambda text: pattern_lists.parse_entries(text.encode("utf-8", "surrogateescape")),
    "show ssl": _certificates,
    "show proc": _processes,
    "acme status": acme.parse_acme_status,
    "keywords": build_keywords.parse,
}
SAMPLES: Mapping[str, tuple[str, ...]] = {
    "show servers state": (STATES,), "show stat": (STATS,), "show table": (TABLES, TABLES.split("\n", 2)[0]),
    "show info": (INFO,), "show map": (MAPS,), "show map entries": (ENTRIES,), "show ssl": (CERTIFICATE, CA, CRL),
    "show proc": (PROCESSES,), "acme status": (ACME,), "keywords": (KEYWORDS,),
}  # fmt: skip
