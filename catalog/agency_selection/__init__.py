"""Choose third-party agencies by public comparison (公开比选, HN-23, RULES §6.5).

Announced with criteria and a window, bids come in sealed and are opened together; a panel drawn by public
chance scores them, a written rule ranks them, two or more win. Only a winner can be contracted.
"""
