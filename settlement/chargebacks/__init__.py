"""Meet a payment that the buyer's bank takes back (拒付): set the money aside, contest, win or lose.

What is taken back comes out of the escrow, or after the release out of what those who shared can
give, by the frozen legs. It waits on an account of the order until the channel has decided; only then
it leaves, or goes back to where it was taken from.
"""
