"""A fleet: many nodes that take their configuration from one key-value store.

`membership` has the hooks, and loads nothing else without the setting `fleet.store`; `wiring`
then puts a member together. A change comes in by `responders` and the API of all others, `sharing`
makes it a revision, `rollouts` says whose turn it is, and `following` brings it to each member.
Each folder imports only from those behind it:

* `responders` reads what a client waits for (`waiting`), or whose own a change is to be
  (`overlay_edits`).
* `following` is what each member does all the time (`attempts`, `follower`): it decides what is
  next, takes a revision (`taking`) or offers what was changed by hand (`offering`), looks at the
  gate (`gating`), and does what it is told (`orders`, `jobs`). `beginning` makes the first
  revision, `mending` puts right what a stranger has changed.
* `sharing` makes the change the next revision (`sharer`), if what this member has is the newest
  one (`recognising`), before it is in force here.
* `rollouts` says who may have a revision: strategies, the roll-out as it is kept (`rollouts`),
  and the member that leads (`leading`); overlays are what groups and members have of their own.
* `members` is who they are (`member`), what each has (`known`, `local_files`, `loading`),
  remembers (`remembering`) and says (`reporting`, `statuses`, `reasons`), and what follows on
  that (`deciding`).
* `records` is what the store keeps: sealed and signed (`sealing`), contents in pieces (`chunks`),
  `revisions`, and what a `rollout` and an `overlay` are.
* `stores` are etcd and Consul behind one protocol.
"""

PATH, TAG = "/fleet", "Fleet"
"""Where a fleet is served below the prefix of this server's own API, and what that is called."""
