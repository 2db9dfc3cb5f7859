"""Orders (订单): from placing to completion, with the contract that both parties sign.

Who buys declares purpose and scenario; the operator's compliance check decides and keeps its
reasons; price and split are frozen into the contract; money waits in escrow until the delivery is
accepted; one command cuts an order off (RULES §6.8, BJ-27, BJ-28, SIX-2).
"""
