"""Approvals inside an organisation (内部审批): who of a buyer has to agree before it binds itself.

An organisation lays down a chain of steps, each for a role or a member, from an amount on, within a
time. What it would bind itself to, an offer that it accepts or a contract that it signs, waits for the
chain. Nothing of it is shown to anybody else, the other side and the operator among them.
"""
