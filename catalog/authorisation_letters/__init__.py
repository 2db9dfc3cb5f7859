"""委托书: a principal lets an agent (代理机构) act for it in its registrations (HN-06).

A letter names what the agent may do, for which product or for all, and until when. It is looked at in
the transaction of every act of the agent, not only when something is handed in; once it is revoked
nothing more is done under it.
"""
