-- The action `lua.enterprise-stamp HEADER`: says in a header which proxy a request came through.
core.register_action("enterprise-stamp", { "http-req" }, function(txn, header)
  txn.http:req_set_header(header, "enterprise;proxy=" .. txn.f:fe_name())
end, 1)
