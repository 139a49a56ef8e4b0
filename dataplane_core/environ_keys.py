"""Keys of a request's environment that a server and the application agree upon.

Some answers are a function of the request and of the configuration alone. With such an answer the
application leaves a function under `REPEAT`. A server may call it for an equal request: same
method, target and headers (but `X-Request-ID`, and what concerns the connection alone), same kind
of listener, same client certificate. It returns whether the application would answer with the same
status, headers and bytes now, and has counted the caller then.
"""

LISTENER = "dataplane.listener"
"""The listener that a request came to: `http`, `https` or `unix`."""

CERTIFICATE = "dataplane.certificate"
"""The certificate that a client has shown to the listener `https`, in DER; None without one."""

REPEAT = "dataplane.repeat"
"""The function that tells whether the same answer would be given again."""

REPEAT_BASIS = "dataplane.repeat_basis"
"""What the answer was read from; equal answers have the same object."""

DEMAND_BODY = "dataplane.demand_body"
"""A function that is called before a body is read, with the bytes of it that will be taken.

It is there where the body has not come yet. It raises what is no `Exception`: the application is
asked again, and finds the same request with its body.
"""
