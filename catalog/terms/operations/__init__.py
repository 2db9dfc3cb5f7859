"""The commands of this room: ask for it, decide it, let a term end, revoke."""
