# Settings of the server: `dataplane serve -f dataplane.hcl` or `dataplaneapi -f dataplane.hcl`.
# dataplane.yaml beside this file says the same in YAML and explains more.

name = "balancer-1"

dataplaneapi {
  # Where to listen: any of http, https and unix.
  scheme = ["http"]
  host   = "127.0.0.1"
  port   = 5555
  # socket_path = "/run/dataplane.sock"

  # tls {
  #   tls_host        = "0.0.0.0"
  #   tls_port        = 6443
  #   tls_certificate = "/etc/dataplane/server.pem"
  #   tls_key         = "/etc/dataplane/server.key"
  #   tls_ca          = "/etc/dataplane/clients.pem"
  # }

  # user "admin" {
  #   password = "$6$rounds=5000$..."
  # }
  userlist {
    userlist = "controller"
  }

  transaction {
    transaction_dir       = "/var/lib/dataplane/transactions"
    max_open_transactions = 20
    backups_number        = 10
    backups_dir           = "/var/lib/dataplane/backups"
  }

  resources {
    maps_dir            = "/etc/haproxy/maps"
    ssl_certs_dir       = "/etc/haproxy/ssl"
    general_storage_dir = "/etc/haproxy/general"
    spoe_dir            = "/etc/haproxy/spoe"
  }
}

haproxy {
  config_file    = "/etc/haproxy/haproxy.cfg"
  haproxy_bin    = "/usr/sbin/haproxy"
  master_runtime = "/run/haproxy-master.sock"

  reload {
    reload_delay     = 5
    reload_retention = 1
    # reload_strategy = "systemd"
    # service_name    = "haproxy"
    # or
    # reload_cmd      = "systemctl reload haproxy"
    # restart_cmd     = "systemctl restart haproxy"
    # status_cmd      = "systemctl --quiet is-active haproxy"
    # validate_cmd    = "haproxy -c -f {file}"
  }
}

log_targets = [
  {
    log_to     = "stdout"
    log_level  = "info"
    log_format = "text"
    log_types  = ["app", "access"]
  }
]

# Settings of this server alone.
dataplane {
  state_dir          = "/var/lib/dataplane/state"
  # on_bad_edit      = "keep" # or restore: see dataplane.yaml
  # api_versions     = ["v3", "v2"]
  unknown_properties = "ignore"
}
