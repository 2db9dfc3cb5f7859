"""Keep what a bidder lays down before it bids (竞买保证金): paid in, held, given back or forfeited.

A deposit has an escrow of its own, under its own id, and a hold on all of it: so it is paid, refunded,
charged back and reconciled like the money of an order, and nothing but its end can move it. What it
secures is named by an id that says nothing here; when it ends is for the room that asked for it to say.
"""
